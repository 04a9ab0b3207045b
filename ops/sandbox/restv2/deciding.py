"""Deciding about the restv2 family's calls: send, drain, balance, key."""

import re
from typing import Final

from ops.sandbox.accounts import Account
from ops.sandbox.config import OverRate
from ops.sandbox.gateway import Gateway, Item, Reply, Visit
from ops.sandbox.limits import Violation
from ops.sandbox.parameters import Parameters
from ops.sandbox.restv2.answers import Answer, Balance, Changes, Failed, Key, Sent, reply
from ops.sandbox.scenarios import Scenario
from ops.sandbox.segments import count_segments, in_gsm_alphabet

_MSISDN: Final = re.compile(r"[0-9]{7,15}")  # B4: digits like 49175123456
_SENDER: Final = re.compile(r"[ -~]{0,11}|[0-9]{12,16}")  # B4 `from`
_LONGEST_TEXT: Final = 2000  # not documented; a bound of ours
_MOMENT: Final = re.compile(r"[0-9]{1,12}")
_TOO_MANY: Final = 429  # not a restv2 error but an HTTP status; nothing documents one (B2)
_BUSY: Final = Reply(body=b"Too Many Requests", content_type="text/plain", status=_TOO_MANY)


def decide_send(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `sms/send` (B4)."""
    account, to = visit.account, visit.parameters.get("to", "")
    fate = gateway.fate_of(to)
    fault = account.fault_for({to: fate})
    if fault.before_acceptance:
        account.use_up(to)
        return Reply(body=b"", content_type="", fault=fault)
    error = _over_rate(visit) or _malformed(visit.parameters) or _fated(account, fate, to)
    if error == _TOO_MANY:
        return _BUSY
    answer = Failed(error=error, balance=account.balance) if error else _accept(gateway, visit, fate)
    if isinstance(answer, Failed):
        return reply(answer, kind_of(visit.parameters))
    if fault:
        account.use_up(to)
    return reply(answer, kind_of(visit.parameters), fault)


def decide_drain(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `status/get` (B7): what it tells, it never tells again."""
    now, most = gateway.clock.monotonic(), gateway.config.drain_batch
    changed = visit.account.reports.drain(now, gateway.timing, most)
    rows = tuple((message.provider_id, letter) for message, letter in changed)
    return reply(Changes(rows=rows), kind_of(visit.parameters))


def decide_balance(_gateway: Gateway, visit: Visit) -> Reply:
    """Answer `balance/get` (B6)."""
    return reply(Balance(balance=visit.account.balance), kind_of(visit.parameters))


def decide_key(_gateway: Gateway, visit: Visit) -> Reply:
    """Answer `key/get` (B3)."""
    return reply(Key(key=visit.account.key), kind_of(visit.parameters))


def decide_key_reset(_gateway: Gateway, visit: Visit) -> Reply:
    """Answer `key/reset` (B3): the old key is worth nothing from here on."""
    visit.account.renew_key()
    return reply(Key(key=visit.account.key), kind_of(visit.parameters))


def kind_of(parameters: Parameters | None) -> str:
    """Read `type`; v2 is the default (S0)."""
    return (parameters or {}).get("type") or "v2"


def _over_rate(visit: Visit) -> int:
    account = visit.account
    count_only = account.over_rate is OverRate.COUNT
    if not account.rate.is_over(visit.arrived, remember_always=count_only):
        return 0
    account.limits.broke(Violation.RATE)
    return 0 if count_only else _TOO_MANY


def _malformed(parameters: Parameters) -> int:
    """Find the documented error of bad parameters (B2), 0 if there is none."""
    to, text = parameters.get("to", ""), parameters.get("text", "")
    if not to:
        return 102
    if not _MSISDN.fullmatch(to):
        return 103
    if not text:
        return 104
    if not _SENDER.fullmatch(parameters.get("from", "")):
        return 40
    is_moment = _MOMENT.fullmatch(parameters.get("timestamp") or "0")
    return 0 if is_moment and len(text) <= _LONGEST_TEXT else 106


def _fated(account: Account, fate: Scenario, to: str) -> int:
    if not fate.restv2_error or not account.takes_effect(fate, to):
        return 0
    account.use_up(to)
    return fate.restv2_error


def _accept(gateway: Gateway, visit: Visit, fate: Scenario) -> Answer:
    account, text = visit.account, visit.parameters["text"]
    segments = count_segments(text)
    if not account.pay(segments):
        return Failed(error=105, balance=account.balance)
    if visit.parameters.get("ucs") != "true" and not in_gsm_alphabet(text):
        account.limits.broke(Violation.UCS_MISSING)
    item = Item(
        phone=visit.parameters["to"],
        text=text,
        sender=visit.parameters.get("from", ""),
        segments=segments,
        ending=fate.ending,
    )
    reference = account.next_reference()
    delay = max(0.0, int(visit.parameters.get("timestamp") or 0) - gateway.unix())
    gateway.accept(visit, [item], reference, delay=delay)
    return Sent(id=reference, balance=account.balance)
