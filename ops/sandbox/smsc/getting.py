"""Deciding about get.php: the history, incoming messages, statistics and the tariff (A6)."""

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Final

from ops.sandbox.accounts import money
from ops.sandbox.gateway import Gateway, Visit
from ops.sandbox.ledger import Message
from ops.sandbox.limits import HISTORY, IDENTICAL_ANSWERS, IDENTICAL_HISTORY, IDENTICAL_PRICE, STAT
from ops.sandbox.parameters import fingerprint
from ops.sandbox.pushing.events import Incoming
from ops.sandbox.smsc.answers import (
    NOT_FOUND,
    TOO_MANY,
    Answer,
    AnswerRow,
    Answers,
    History,
    Price,
    Refusal,
    Stat,
    StatRow,
    Zone,
)
from ops.sandbox.smsc.dates import MOSCOW, start_of_day
from ops.sandbox.smsc.reading import BAD, bare_phone, read_phones, whole_number
from ops.sandbox.smsc.rows import PRICE_OF_ONE, sent_row

_MOST_MESSAGES: Final = 1000  # A6 `cnt` of get_messages
_MOST_ANSWERS: Final = 10_000  # A6 `cnt` of get_answers
_MOST_HOURS: Final = 168  # A6 `hour`
_LONGEST_SPAN: Final = 184 * 86400  # A6: six months
_TOO_MANY: Final = Refusal(code=9, text=TOO_MANY)
_FOREVER: Final = 1e15

# S1 get_price; the figures are the sandbox's own
PRICE_LIST: Final = Price(
    zones=(
        Zone(zone="1", name="Sandbox", api="1.44", mass="1.5", mms="5", hlr="0.3", call="1.2"),
        Zone(zone="2", name="Казахстан", api="3.1", mass="3.2", mms="9", hlr="0.4", call="4"),
    ),
    codes=(("25001", "1.44"), ("40102", "3.05")),
    mail="0.05",
)


def decide_history(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get_messages=1`: newest first, `prev_id` pages backwards."""
    parameters, limits = visit.parameters, visit.account.limits
    span = _span(visit)
    count, before = whole_number(parameters.get("cnt") or str(_MOST_MESSAGES)), parameters.get("prev_id", "")
    if span is None or not count or count > _MOST_MESSAGES or (before and whole_number(before) is None):
        return BAD
    key = fingerprint(parameters, id_counts=True)
    if not limits.admits(IDENTICAL_HISTORY, key, visit.arrived) or not limits.admits(HISTORY, None, visit.arrived):
        return _TOO_MANY
    phones = read_phones(parameters.get("phone", ""))
    rows = islice(_sent(visit, span, phones, whole_number(before)), count)
    found = tuple(sent_row(gateway, message, message.phone) for message in rows)
    return History(found=found) if found else Refusal(code=3, text=NOT_FOUND)


def decide_answers(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get_answers=1`: the first `cnt` incoming messages of today, of `hour` hours, or after `after_id`."""
    parameters = visit.parameters
    count = whole_number(parameters.get("cnt") or str(_MOST_ANSWERS))
    hours, after = parameters.get("hour") or "", parameters.get("after_id") or ""
    if not count or count > _MOST_ANSWERS or (after and whole_number(after) is None):
        return BAD
    if hours and not 1 <= (whole_number(hours) or 0) <= _MOST_HOURS:
        return BAD
    if not visit.account.limits.admits(IDENTICAL_ANSWERS, fingerprint(parameters, id_counts=True), visit.arrived):
        return _TOO_MANY
    first = _first_moment(gateway.unix(), hours, after)
    to_phone = bare_phone(parameters.get("to_phone", ""))
    rows = visit.account.inbox.since(first, whole_number(after) or 0)
    wanted = (row for row in rows if to_phone in {"", row.to})
    return Answers(found=tuple(_answer(row) for row in islice(wanted, count)))


def decide_stat(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get_stat=1`: one row, what this login sent between `start` and `end`."""
    if not visit.parameters.get("start") or (span := _span(visit)) is None:
        return BAD
    if not visit.account.limits.admits(STAT, None, visit.arrived):
        return _TOO_MANY
    messages = list(_sent(visit, span, [], None))
    cost = money(sum(message.segments for message in messages) * PRICE_OF_ONE)
    currency = "RUR"
    row = StatRow(login=visit.account.login, sms=len(messages), credit="0", debit=cost, currency=currency)
    return Stat(found=(row,))


def decide_price(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get_price=1`."""
    key = fingerprint(visit.parameters, id_counts=True)
    return PRICE_LIST if visit.account.limits.admits(IDENTICAL_PRICE, key, visit.arrived) else _TOO_MANY


def _sent(visit: Visit, span: tuple[float, float], phones: list[str], before: int | None) -> Iterator[Message]:
    first, last = span
    ledger = visit.account.ledger
    rows = takewhile(lambda message: message.received_unix >= first, ledger.newest(phones, before, last))
    return (message for message in rows if not ledger.is_removed(message))


def _span(visit: Visit) -> tuple[float, float] | None:
    """Read `start` and `end` as unix seconds; without `end` until now, without both everything."""
    start, end = visit.parameters.get("start", ""), visit.parameters.get("end", "")
    first = start_of_day(start) if start else 0
    last = start_of_day(end) if end else None
    if first is None or (end and (last is None or not start)):
        return None
    if last is None:
        return first, _FOREVER
    return (first, last + 86400) if first <= last <= first + _LONGEST_SPAN else None


def _first_moment(now: float, hours: str, after: str) -> float:
    """Say from when on incoming messages are wanted; S1: without any bound, those of the current day."""
    if hours:
        return now - int(hours) * 3600
    return 0.0 if after else now - (now + MOSCOW) % 86400


def _answer(message: Incoming) -> AnswerRow:
    return AnswerRow(
        id=message.id,
        received=int(message.received),
        phone=message.phone,
        text=message.text,
        to_phone=message.to,
        sent=int(message.sent),
    )
