"""Deciding about sms/send (B4) and sms/bulk (v3, B5) of the restv2 family."""

import re
from typing import Final

from ops.sandbox.accounts import Account
from ops.sandbox.config import OverRate
from ops.sandbox.gateway import Gateway, Item, Reply, Visit
from ops.sandbox.limits import Violation
from ops.sandbox.parameters import Parameters
from ops.sandbox.prefixes import prefix_of
from ops.sandbox.restv2.answers import Answer, Bulk, Cost, Failed, Sent
from ops.sandbox.restv2.replying import answer_to
from ops.sandbox.scenarios import Fault, Scenario
from ops.sandbox.segments import count_segments, in_gsm_alphabet

_MSISDN: Final = re.compile(r"[0-9]{7,15}")  # B4: digits like 49175123456
_SENDER: Final = re.compile(r"[ -~]{0,11}|[0-9]{12,16}")  # B4 `from`
_LONGEST_TEXT: Final = 2000  # not documented; a bound of ours
_MOMENT: Final = re.compile(r"[0-9]{1,12}")
_TOO_MANY: Final = 429  # not a restv2 error but an HTTP status; nothing documents one (B2)
_BUSY: Final = Reply(body=b"Too Many Requests", content_type="text/plain", status=_TOO_MANY)

Fates = dict[str, Scenario]


def decide_send(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `sms/send`."""
    to = visit.parameters.get("to", "")
    error = _malformed_to(to)
    return _decided(gateway, visit, {to: gateway.fate_of(to)}, error)


def decide_bulk(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `sms/bulk`: `to` separated by commas, or many `to[]`; a number that is none is only rejected."""
    given = visit.parameters.get("to") or visit.parameters.get("to[]", "")
    fates = {to: gateway.fate_of(to) for part in given.split(",") if (to := part.strip())}
    return _decided(gateway, visit, fates, 0 if fates else 102, bulk=True)


def _decided(gateway: Gateway, visit: Visit, fates: Fates, error: int, *, bulk: bool = False) -> Reply:
    account = visit.account
    fault = account.fault_for(fates)
    if fault.before_acceptance:
        _use_up(account, fates)
        return Reply(body=b"", content_type="", fault=fault)
    error = _over_rate(visit) or error or _malformed(visit.parameters)
    refused = {} if error else {to: _refusal(account, fate, to) for to, fate in fates.items()}
    if refused and all(refused.values()):
        error = next(iter(refused.values()))
    if error == _TOO_MANY:
        return _BUSY
    answer = (
        Failed(error=error, balance=account.balance) if error else _accept(gateway, visit, fates, refused, bulk=bulk)
    )
    if isinstance(answer, Failed):
        return answer_to(visit, answer)
    _use_up(account, fates if fault else {})
    return answer_to(visit, answer, fault or Fault.NONE)


def _use_up(account: Account, fates: Fates) -> None:
    for to, fate in fates.items():
        if fate.fault:
            account.use_up(to)


def _over_rate(visit: Visit) -> int:
    account = visit.account
    count_only = account.over_rate is OverRate.COUNT
    if not account.rate.is_over(visit.arrived, remember_always=count_only):
        return 0
    account.limits.broke(Violation.RATE)
    return 0 if count_only else _TOO_MANY


def _malformed_to(to: str) -> int:
    if not to:
        return 102
    return 0 if _MSISDN.fullmatch(to) else 103


def _malformed(parameters: Parameters) -> int:
    """Find the documented error of bad parameters (B2), 0 if there is none."""
    text = parameters.get("text", "")
    if not text:
        return 104
    if not _SENDER.fullmatch(parameters.get("from", "")):
        return 40
    is_moment = _MOMENT.fullmatch(parameters.get("timestamp") or "0")
    return 0 if is_moment and len(text) <= _LONGEST_TEXT else 106


def _refusal(account: Account, fate: Scenario, to: str) -> int:
    if error := _malformed_to(to):
        return error
    if not fate.restv2_error or not account.takes_effect(fate, to):
        return 0
    account.use_up(to)
    return fate.restv2_error


def _accept(gateway: Gateway, visit: Visit, fates: Fates, refused: dict[str, int], *, bulk: bool) -> Answer:
    account, text = visit.account, visit.parameters["text"]
    good = [to for to in fates if not refused[to]]
    segments = count_segments(text)
    if not account.pay(segments * len(good)):
        return Failed(error=105, balance=account.balance)
    if visit.parameters.get("ucs") != "true" and not in_gsm_alphabet(text):
        account.limits.broke(Violation.UCS_MISSING)
    items = [_item(visit, to, segments, fates[to]) for to in good]
    delay = max(0.0, int(visit.parameters.get("timestamp") or 0) - gateway.unix())
    callback = visit.parameters.get("callback", "") if account.v3 else ""
    gateway.accept(visit, items, "", delay=delay, callback=callback)
    if not bulk:
        return Sent(id=items[0].reference, balance=account.balance, cost=_cost(account, good[0], segments))
    sent = tuple((item.reference, item.phone) for item in items)
    cost = str(segments * len(good))
    return Bulk(sent=sent, rejected=len(fates) - len(good), balance=account.balance, cost=cost)


def _item(visit: Visit, to: str, segments: int, fate: Scenario) -> Item:
    return Item(
        phone=to,
        text=visit.parameters["text"],
        sender=visit.parameters.get("from", ""),
        segments=segments,
        ending=fate.ending,
        kind=int(visit.parameters.get("flash") == "true"),
        reference=visit.account.next_reference(),
    )


def _cost(account: Account, to: str, segments: int) -> Cost | None:
    """Say what version 3 says besides (B4); cost is counted in SMS, as the balance is (a guess)."""
    if not account.v3:
        return None
    prefix = prefix_of(to)
    return Cost(cost=str(segments), mcc=prefix.mcc if prefix else "", mnc=prefix.mnc if prefix else "")
