"""Deciding about calls that only version 3 has: status/sms, sms/cancel, history, mobile/check (B5, B8, B10)."""

from itertools import islice
from typing import Final

from ops.sandbox.accounts import PRICE
from ops.sandbox.config import Family
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.ledger import Message
from ops.sandbox.parameters import Parameters
from ops.sandbox.prefixes import prefix_of
from ops.sandbox.progress import WAITING
from ops.sandbox.restv2.answers import (
    NOT_PURGED,
    Answer,
    Failed,
    Mobile,
    Past,
    PastRow,
    Purged,
    Report,
)
from ops.sandbox.restv2.replying import NOT_FOUND, kind_of, reply

_MOST_ROWS: Final = 1000  # not documented; a bound of ours
_FIRST_ID: Final = 1_000_000_001
_FOREVER: Final = 1e15


def decide_report(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `status/sms` (B8); it takes nothing away."""
    message = _find(visit)
    if message is None:
        return Report(id="", letter="", cost="", ttd="")
    standing = gateway.standing(message)
    return Report(
        id=message.provider_id,
        letter=standing.letter,
        cost=str(message.segments),
        ttd=_time_to_delivery(gateway, message),
    )


def decide_cancel(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `sms/cancel` (B5): only a message with a `timestamp` in the future can be taken back."""
    message = _find(visit)
    if message is None or not message.delay or gateway.standing(message).status != WAITING:
        return Failed(error=106, remarks=NOT_PURGED)
    visit.account.ledger.remove(message)
    visit.account.funds += message.segments * PRICE[Family.RESTV2]
    return Purged()


def decide_past(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `history/single/list`: newest first; `to` and `limit` are guessed parameters."""
    to, limit = visit.parameters.get("to", ""), visit.parameters.get("limit", "")
    most = min(int(limit), _MOST_ROWS) if limit.isascii() and limit.isdecimal() else _MOST_ROWS
    ledger = visit.account.ledger
    rows = ledger.newest([to] if to else [], None, _FOREVER)
    kept = (message for message in rows if not ledger.is_removed(message))
    return Past(rows=tuple(_past(gateway, message) for message in islice(kept, most)))


def answer_mobile(gateway: Gateway, parameters: Parameters) -> Reply:
    """Answer `mobile/check`, which needs no credentials (B10); it is there if any account has version 3."""
    if not any(account.v3 for account in gateway.accounts):
        return NOT_FOUND
    digits = parameters.get("mobile", "").removeprefix("+")
    prefix = prefix_of(digits) if digits.isascii() and digits.isdecimal() else None
    if prefix is None:
        return reply(Failed(error=103), kind_of(parameters))
    country = prefix.digits if len(prefix.digits) > 2 or prefix.mcc == "202" else prefix.digits[:1]
    mobile = Mobile(
        msisdn=digits,
        national=digits.removeprefix(country),
        country=prefix.code,
        country_code=country,
        gsm_code=prefix.digits.removeprefix(country),
        number=digits.removeprefix(prefix.digits),
        mcc=prefix.mcc,
        mnc=prefix.mnc,
        cost="1",
    )
    return reply(mobile, kind_of(parameters))


def _find(visit: Visit) -> Message | None:
    """Find a message by its id: ids count up from the first one, one a message."""
    text = visit.parameters.get("smsId", "")
    place = int(text) - _FIRST_ID if text.isascii() and text.isdecimal() and len(text) < 16 else -1
    ledger = visit.account.ledger
    if not 0 <= place < len(ledger.accepted) or ledger.is_removed(ledger.accepted[place]):
        return None
    return ledger.accepted[place]


def _past(gateway: Gateway, message: Message) -> PastRow:
    return PastRow(
        id=message.provider_id,
        sender=message.sender,
        to=message.phone,
        text=message.text,
        timestamp=int(message.received_unix),
        letter=gateway.standing(message).letter,
        cost=str(message.segments),
        ttd=_time_to_delivery(gateway, message),
    )


def _time_to_delivery(gateway: Gateway, message: Message) -> str:
    standing = gateway.standing(message)
    return str(int(standing.since - message.received_unix)) if standing.letter == "d" else ""
