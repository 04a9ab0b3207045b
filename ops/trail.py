"""What is kept of one message beside its record: raw exchanges of its sends, raw answers and callbacks, decisions.

Nothing of it is indexed by message, so it is looked for; what that costs is bounded, whatever there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ops.readings.fields import Fields, readable
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exchanges import ExchangeRecord, Kept, is_about, place_of
from producer.contract.messages import AccountName, MessageId, MessageRecord, Msisdn
from producer.masking import Mask

_PAGE: Final = 50
_MOST_ENTRIES: Final = 400
_MOST_BYTES: Final = 8 * 1024 * 1024
"""How much of a journal is looked through for one message."""

_EXCHANGES_PAGE: Final = 200
_MOST_EXCHANGES: Final = 5000
"""How many exchanges of each kind are looked through for one message, unless they are `_MOST_BYTES` before."""

_AROUND: Final = 300
_MOST_FOUND: Final = 20
_AFTER: Final = 5.0
_AFTER_SENDING: Final = 60.0
"""Seconds after a message's last change in which what belongs to it was written, at the latest: clocks may differ."""

_MOST_ACTS: Final = 1000

_DIGITS: Final = b"+0123456789"
_MASK: Final = Mask()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom to look for. `is_shared`: its reference is also that of others; `since`: when its campaign was made."""

    message: MessageId
    account: AccountName
    record: MessageRecord
    msisdn: Msisdn
    since: datetime | None
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentExchange:
    """One attempt to submit it, as it was kept: numbers and texts are labels, secrets are hidden.

    `outcome` is what it gave for this message, `others` how many more were in the request. `status` 0: no answer
    came, and `ending` says why.
    """

    at: datetime
    seconds: float
    path: str
    request: tuple[tuple[str, str], ...]
    status: int
    answer: str
    size: int
    ending: str
    outcome: str
    others: int

    @property
    def is_attempt(self) -> bool:
        """Whether it counts among the message's attempts: what came to nothing because of the account does not."""
        return not self.outcome.startswith("routeblocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """One answer or callback that concerned the message: the fields it was asked with (of a callback: those of its
    address), and what stands around the message; secrets and numbers masked.
    """

    at: datetime
    call: str
    status: int
    size: int
    excerpt: str
    asked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What an operator did about the message, from the audit log."""

    at: datetime
    who: str
    action: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """What was found of a message, exchanges and answers newest first, decisions oldest first.

    `looked_through`: journal entries that were searched for it. `kept`: exchanges of the account that there are,
    the oldest of them from `kept_since`.
    """

    exchanges: tuple[SentExchange, ...] = ()
    kept: int = 0
    kept_since: datetime | None = None
    answers: tuple[RawAnswer, ...] = ()
    looked_through: int = 0
    decisions: tuple[Decided, ...] = ()


async def find_trail(redis: Client, subject: Subject) -> Trail:
    """Look for the message. It is bounded, but may be some megabytes: keep the answer for a while."""
    answers, count = await _answers(redis, subject)
    kept, since = await _kept(redis, subject.account)
    return Trail(
        exchanges=await _exchanges(redis, subject) if kept else (),
        kept=kept,
        kept_since=since,
        answers=answers,
        looked_through=count,
        decisions=await _decisions(redis, subject.message),
    )


# --- exchanges of sends --------------------------------------------------------------------------------


async def _kept(redis: Client, account: AccountName) -> tuple[int, datetime | None]:
    async with redis.pipeline(transaction=False) as pipe:
        for kind in Kept:
            pipe.xlen(keys.exchanges(account, kind))
            pipe.xrange(keys.exchanges(account, kind), count=1)
        told = await pipe.execute()
    oldest = [_written_at(rows[0][0]) for rows in told[1::2] if rows]
    return sum(told[::2]), min(oldest, default=None)


async def _exchanges(redis: Client, subject: Subject) -> tuple[SentExchange, ...]:
    found: list[SentExchange] = []
    for kind in Kept:
        found += await _of_kind(redis, subject, kind)
    found.sort(key=lambda exchange: exchange.at, reverse=True)
    return tuple(found[:_MOST_FOUND])


async def _of_kind(redis: Client, subject: Subject, kind: Kept) -> list[SentExchange]:
    name, found, entries, size = keys.exchanges(subject.account, kind), [], 0, 0
    top = _latest(subject.record, _AFTER_SENDING)
    bottom = _ms(subject.since.timestamp() - _AFTER_SENDING) if subject.since else "-"
    while entries < _MOST_EXCHANGES and size < _MOST_BYTES:
        rows: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(name, top, bottom, count=_EXCHANGES_PAGE)
        about = (fields for _, fields in rows if is_about(fields.get(b"of", b""), subject.message))
        found += [_exchange(ExchangeRecord.unpack(fields[b"exchange"]), subject.message) for fields in about]
        entries, size = entries + len(rows), size + sum(len(fields.get(b"exchange", b"")) for _, fields in rows)
        if len(rows) < _EXCHANGES_PAGE:
            break
        top = f"({rows[-1][0].decode()}"
    return found


def _exchange(record: ExchangeRecord, message: MessageId) -> SentExchange:
    place = record.places.index(place_of(message))
    return SentExchange(
        at=datetime.fromtimestamp(record.asked_at, UTC),
        seconds=record.seconds,
        path=record.path,
        request=record.request,
        status=record.status,
        answer=record.answer,
        size=record.size,
        ending=record.ending,
        outcome=record.outcomes[place] if place < len(record.outcomes) else "",
        others=len(record.places) - 1,
    )


# --- answers and callbacks -----------------------------------------------------------------------------


async def _answers(redis: Client, subject: Subject) -> tuple[tuple[RawAnswer, ...], int]:
    """Answers that name the submission, newest first: from a little after its last change backwards."""
    top = _latest(subject.record, _AFTER)
    found: list[RawAnswer] = []
    entries = size = 0
    while entries < _MOST_ENTRIES and size < _MOST_BYTES and len(found) < _MOST_FOUND:
        rows: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(keys.journal(subject.account), top, count=_PAGE)
        for entry, fields in rows:
            entries, size = entries + 1, size + len(fields.get(b"body", b""))
            if (place := _named_at(fields, subject)) is not None:
                found.append(_raw(entry, fields, place, subject.record))
        if len(rows) < _PAGE:
            break
        top = f"({rows[-1][0].decode()}"
    return tuple(found[:_MOST_FOUND]), entries


def _named_at(fields: Fields, subject: Subject) -> int | None:
    """Where the body names the submission, 0 where only what was asked does; None where it is not named.

    A reference that others have, too, is not enough: the number must be there as well.
    """
    body, asked = fields.get(b"body", b""), fields.get(b"asked", b"")
    names = [name.encode() for name in (subject.record.reference, subject.msisdn) if name]
    places = [(_first_place(body, name), _first_place(asked, name)) for name in names]
    are_there = [max(place) >= 0 for place in places]
    is_about_it = len(names) > 1 and all(are_there) if subject.is_shared else any(are_there)
    if not is_about_it:
        return None
    exact = places[::-1] if subject.is_shared else places
    return next((in_body for in_body, _ in exact if in_body >= 0), 0)


def _first_place(text: bytes, name: bytes) -> int:
    """Where a name stands as a whole word; -1 where it does not."""
    begin = text.find(name)
    while begin >= 0:
        around = text[max(0, begin - 1) : begin] + text[begin + len(name) : begin + len(name) + 1]
        if not any(chr(byte).isalnum() for byte in around):
            return begin
        begin = text.find(name, begin + 1)
    return -1


def _raw(entry: bytes, fields: Fields, place: int, record: MessageRecord) -> RawAnswer:
    body = fields.get(b"body", b"")
    return RawAnswer(
        at=_written_at(entry),
        call=readable(fields.get(b"call", b"")),
        status=int(fields.get(b"status", b"0")),
        size=len(body),
        excerpt=_excerpt(body, place, record),
        asked=_excerpt(fields.get(b"asked", b""), 0, record),
    )


def _excerpt(text: bytes, place: int, record: MessageRecord) -> str:
    first, last = max(0, place - _AROUND), min(len(text), place + _AROUND)
    cut = text[first:last].strip(_DIGITS if first or last < len(text) else b"")  # part of a number is not seen as one
    shown = _masked(readable(cut), str(record.reference))
    return ("… " if first else "") + shown + (" …" if last < len(text) else "")


def _masked(text: str, reference: str) -> str:
    """Its own reference is nobody's number, however long."""
    pieces = text.split(reference) if reference else [text]
    return reference.join(_MASK.text(piece, longest=4 * _AROUND, lines=True) for piece in pieces)


# --- the audit log -------------------------------------------------------------------------------------


async def _decisions(redis: Client, message: MessageId) -> tuple[Decided, ...]:
    """What the newest entries of the audit log say of it, oldest first."""
    entries: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(keys.AUDIT, count=_MOST_ACTS)
    wanted = str(message).encode()
    return tuple(
        Decided(
            at=_written_at(entry),
            who=readable(fields.get(b"who", b"")),
            action=readable(fields.get(b"action", b"")),
            before=readable(fields.get(b"before", b"")),
            after=readable(fields.get(b"after", b"")) or readable(fields.get(b"failure", b"")),
        )
        for entry, fields in reversed(entries)
        if fields.get(b"target") == wanted
    )


def _latest(record: MessageRecord, seconds: float) -> str:
    """The last entry of a stream that can be about a message: nothing comes long after its end."""
    return _ms(record.changed_at + seconds) if record.state.is_final else "+"


def _ms(seconds: float) -> str:
    return str(max(0, int(seconds * 1000)))


def _written_at(entry: bytes) -> datetime:
    return datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC)
