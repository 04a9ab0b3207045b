"""Deciding about the smsc family's questions: statuses, balance, history."""

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Final

from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.ledger import Message
from ops.sandbox.limits import BALANCE, BULK_STATUS, HISTORY, IDENTICAL_HISTORY, SAME_STATUS
from ops.sandbox.parameters import Parameters, fingerprint
from ops.sandbox.smsc.answers import (
    CANNOT_DELETE,
    NOT_FOUND,
    TOO_MANY,
    Answer,
    Balance,
    History,
    Known,
    Refusal,
    Statuses,
    Unknown,
)
from ops.sandbox.smsc.dates import start_of_day
from ops.sandbox.smsc.reading import BAD, bare_phone, read_phones, read_reference
from ops.sandbox.smsc.rendering import reply

_MOST_ROWS: Final = 1000  # A6 `cnt`
_LONGEST_SPAN: Final = 184 * 86400  # A6: six months
_TOO_MANY: Final = Refusal(code=9, text=TOO_MANY)
_NOT_FOUND: Final = Refusal(code=3, text=NOT_FOUND)
_FOREVER: Final = 1e15


def decide_status(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `status.php` (A4)."""
    return reply(_statuses(gateway, visit), visit.parameters)


def decide_balance(_gateway: Gateway, visit: Visit) -> Reply:
    """Answer `balance.php` (A5)."""
    parameters, account = visit.parameters, visit.account
    if parameters.get("cur", "0") not in {"", "0", "1"}:
        return reply(BAD, parameters)
    if not account.limits.admits(BALANCE, None, visit.arrived):
        return reply(_TOO_MANY, parameters)
    currency = "RUR" if parameters.get("cur") == "1" else ""
    return reply(Balance(amount=account.balance, currency=currency), parameters)


def decide_history(gateway: Gateway, visit: Visit) -> Reply:
    """Answer `get.php?get_messages=1` (A6)."""
    return reply(_history(gateway, visit), visit.parameters)


def _statuses(gateway: Gateway, visit: Visit) -> Answer:
    parameters = visit.parameters
    pairs = _pairs(parameters)
    detail = parameters.get("all") or "0"
    if not pairs or detail not in {"0", "1", "2"}:
        return BAD
    multiple = "," in parameters["phone"] or "," in parameters["id"]
    limit, key = (BULK_STATUS, None) if multiple else (SAME_STATUS, pairs[0])
    if not visit.account.limits.admits(limit, key, visit.arrived):
        return _TOO_MANY
    if parameters.get("del") == "1":
        return Refusal(code=5, text=CANNOT_DELETE)  # nothing here can be taken back
    found = tuple(_look_up(gateway, visit, phone, reference) for phone, reference in pairs)
    if not multiple and isinstance(found[0], Unknown):
        return _NOT_FOUND
    return Statuses(found=found, detail=int(detail), multiple=multiple)


def _pairs(parameters: Parameters) -> list[tuple[str, str]]:
    """Read the two comma lists; empty when they do not pair up."""
    phones = [part.strip() for part in parameters.get("phone", "").split(",") if part.strip()]
    references = [part.strip() for part in parameters.get("id", "").split(",") if part.strip()]
    return list(zip(phones, references, strict=True)) if len(phones) == len(references) else []


def _look_up(gateway: Gateway, visit: Visit, phone: str, reference: str) -> Known | Unknown:
    message = visit.account.ledger.find(read_reference(reference) or "", bare_phone(phone))
    if message is None:
        return Unknown(phone=phone, reference=reference)
    return Known(message=message, standing=gateway.standing(message), spelling=phone)


def _history(gateway: Gateway, visit: Visit) -> Answer:
    parameters, limits = visit.parameters, visit.account.limits
    span, count = _span(parameters), _number(parameters.get("cnt") or str(_MOST_ROWS))
    before = parameters.get("prev_id", "")
    if parameters.get("get_messages") != "1" or span is None or not count or count > _MOST_ROWS:
        return BAD
    if before and _number(before) is None:
        return BAD
    key = fingerprint(parameters, id_counts=True)
    if not limits.admits(IDENTICAL_HISTORY, key, visit.arrived) or not limits.admits(HISTORY, None, visit.arrived):
        return _TOO_MANY
    rows = _rows(visit, span, _number(before))
    found = tuple(_known(gateway, message) for message in islice(rows, count))
    return History(found=found) if found else _NOT_FOUND


def _known(gateway: Gateway, message: Message) -> Known:
    return Known(message=message, standing=gateway.standing(message), spelling=message.phone)


def _rows(visit: Visit, span: tuple[float, float], before: int | None) -> Iterator[Message]:
    phones = read_phones(visit.parameters.get("phone", ""))
    first, last = span
    rows = visit.account.ledger.newest(phones, before, last)
    return takewhile(lambda message: message.received_unix >= first, rows)


def _span(parameters: Parameters) -> tuple[float, float] | None:
    """Read `start` and `end` as unix seconds; without `end` until now, without both everything."""
    start, end = parameters.get("start", ""), parameters.get("end", "")
    first = start_of_day(start) if start else 0
    last = start_of_day(end) if end else None
    if first is None or (end and (last is None or not start)):
        return None
    if last is None:
        return first, _FOREVER
    return (first, last + 86400) if first <= last <= first + _LONGEST_SPAN else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None
