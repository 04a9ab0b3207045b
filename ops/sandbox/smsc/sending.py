"""Deciding about one send request of the smsc family: faults, rules, refusals, money, acceptance."""

from typing import Final

from ops.sandbox.accounts import Account
from ops.sandbox.config import OverRate
from ops.sandbox.gateway import Gateway, Item, Reply, Visit
from ops.sandbox.limits import IDENTICAL_COST, IDENTICAL_SEND, Violation
from ops.sandbox.parameters import fingerprint
from ops.sandbox.scenarios import Ending, Fault, Scenario
from ops.sandbox.smsc.answers import TOO_MANY, TOO_MANY_AT_ONCE, PhoneRow, Priced, Refusal, Taken
from ops.sandbox.smsc.operators import place_of
from ops.sandbox.smsc.reading import Row, SendRequest, read_send
from ops.sandbox.smsc.replying import reply
from ops.sandbox.smsc.rows import price_of

# The states in which rows of an accepted batch end that were refused with a send error (A3 list of numbers, A4).
REFUSED_ROWS: Final = {
    6: Ending(status=23, err=253),  # forbidden: spam filter
    7: Ending(status=22, err=249),  # wrong number: bad number format
    8: Ending(status=25, err=248),  # unavailable number: no route
}
_USES_UP_AN_ID: Final = frozenset({3, 6, 7, 8})  # A3

Fates = dict[str, Scenario]


def decide_send(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `send.php` or `/rest/send/`."""
    now, cabinet = gateway.unix(), visit.account.cabinet
    request = read_send(visit.parameters, now, lambda text: cabinet.shortened(text, now))
    if isinstance(request, Refusal):
        return reply(request, visit.parameters)
    fates = {row.phone: gateway.fate_of(row.phone) for row in request.rows}
    fault = visit.account.fault_for(fates)
    if fault.before_acceptance:
        _use_up(visit.account, fates, fault)
        return Reply(body=b"", content_type="", fault=fault)
    refusal = _rule(gateway, visit, request, fates)
    answer = refusal or _price(request) or _accept(gateway, visit, request, fates)
    if isinstance(answer, Refusal) or request.cost == 1:
        return reply(answer, visit.parameters)
    _use_up(visit.account, fates, fault)
    return reply(answer, visit.parameters, fault)


def _use_up(account: Account, fates: Fates, fault: Fault) -> None:
    if not fault:
        return
    for phone, fate in fates.items():
        if fate.fault:
            account.use_up(phone)


def _rule(gateway: Gateway, visit: Visit, request: SendRequest, fates: Fates) -> Refusal | None:
    """Check what the gateway checks before it looks at the messages; all of these are error 9."""
    account, limits = visit.account, visit.account.limits
    count_only = account.over_rate is OverRate.COUNT
    if account.rate.is_over(visit.arrived, remember_always=count_only):
        limits.broke(Violation.RATE)
        if not count_only:
            return Refusal(code=9, text=TOO_MANY)
    if _once(account, fates, 9):
        return Refusal(code=9, text=TOO_MANY_AT_ONCE)
    limit = IDENTICAL_COST if request.cost == 1 else IDENTICAL_SEND
    key = fingerprint(visit.parameters, id_counts=gateway.config.id_counts)
    if not limits.admits(limit, key, visit.arrived):
        return Refusal(code=9)
    return None


def _price(request: SendRequest) -> Priced | None:
    """Answer `cost=1`: the price, and nothing sent."""
    if request.cost != 1:
        return None
    segments = sum(row.segments for row in request.rows)
    return Priced(segments=segments, cost=price_of(segments))


def _accept(gateway: Gateway, visit: Visit, request: SendRequest, fates: Fates) -> Refusal | Taken:
    account = visit.account
    items = [_item(account, row, fates[row.phone], request.kind) for row in request.rows]
    good = [item for item in items if not item.refused]
    segments = sum(item.segments for item in good)
    error = _whole_error(account, request, fates, all_refused=not good)
    if not error and not account.pay(segments):
        error = 3
    if error:
        return _refuse(account, request, error)
    if len(fates) < len(request.rows):
        account.limits.broke(Violation.PHONE_TWICE)
    reference = request.reference or account.next_reference()
    gateway.accept(visit, items, reference, client_id=request.reference, valid=request.valid)
    return _taken(account, request, items, reference, segments)


def _row_error(account: Account, row: Row, fate: Scenario) -> int:
    if not row.is_phone:
        return 7
    return fate.smsc_error if account.takes_effect(fate, row.phone) else 0


def _item(account: Account, row: Row, fate: Scenario, kind: int) -> Item:
    refused = REFUSED_ROWS.get(_row_error(account, row, fate))
    return Item(
        phone=row.phone,
        text=row.text,
        sender=row.sender,
        segments=row.segments,
        ending=refused or fate.ending,
        refused=refused is not None,
        kind=kind,
        delay=row.delay,
    )


def _whole_error(account: Account, request: SendRequest, fates: Fates, *, all_refused: bool) -> int:
    """Find the error of the whole request: one that is no row's (1, 3, 5, 15), or the first row's if none is good."""
    for phone, fate in fates.items():
        if fate.smsc_error and fate.smsc_error not in REFUSED_ROWS and account.takes_effect(fate, phone):
            account.use_up(phone)
            return fate.smsc_error
    first = request.rows[0]
    return _row_error(account, first, fates[first.phone]) if all_refused else 0


def _once(account: Account, fates: Fates, error: int) -> bool:
    hit = [p for p, fate in fates.items() if fate.smsc_error == error and account.takes_effect(fate, p)]
    for phone in hit:
        account.use_up(phone)
    return bool(hit)


def _refuse(account: Account, request: SendRequest, error: int) -> Refusal:
    reference = ""
    if error in _USES_UP_AN_ID:
        reference = request.reference or account.next_reference()
    return Refusal(code=error, reference=reference)


def _taken(account: Account, request: SendRequest, items: list[Item], reference: str, segments: int) -> Taken:
    bad = [item for item in items if item.refused]
    shown = items if request.lists_all else bad if request.lists_bad else []
    return Taken(
        segments=segments,
        reference=reference,
        cost=price_of(segments) if request.cost >= 2 else "",
        balance=account.balance if request.cost == 3 else "",
        phones=tuple(_phone_row(item) for item in shown),
    )


def _phone_row(item: Item) -> PhoneRow:
    bad = item.ending if item.refused else None
    return PhoneRow(
        phone=item.phone,
        mccmnc=place_of(item.phone).mccmnc,
        cost="0" if item.refused else price_of(item.segments),
        status=bad.status if bad else None,
        error=bad.err if bad else None,
    )
