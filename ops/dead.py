"""The dead letters as people look at them: intake entries that were refused, a page at a time and by reason."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ops.readings.fields import Fields, readable
from producer.contract import keys
from producer.contract.client import Client
from producer.dead import Letter, body_of, hindrance, kind_of
from producer.masking import Mask

_PAGE: Final = 50
_MOST_ENTRIES: Final = 1000
_MOST_BYTES: Final = 8 * 1024 * 1024
"""How much of the stream is counted by reason."""

_EXCERPT: Final = 400
_MASK: Final = Mask()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One refused entry. `reason` in full; `kind` is the reason without names and numbers, which many share.

    `entry` is the id it had on the intake stream. `hindrance` says why it cannot be put back; empty when it can.
    """

    id: str
    at: datetime
    entry: str
    type: str
    target: str
    reason: str
    kind: str
    hindrance: str
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadPage:
    """Some of them, newest first; `older` is where the next page begins, empty when there is none."""

    letters: tuple[DeadLetter, ...]
    total: int
    older: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadKinds:
    """How many there are of each kind among the newest `looked_through`."""

    kinds: tuple[tuple[str, int], ...]
    looked_through: int


async def read_dead(redis: Client, *, before: str = "", kind: str = "", limit: int = 20) -> DeadPage:
    """A page, of one kind where `kind` is given; looks through a bounded piece of the stream for it."""
    found: list[DeadLetter] = []
    last = ""
    async for entry, fields in _newest(redis, before):
        letter = _letter(entry, fields)
        if len(found) == limit:
            return DeadPage(letters=tuple(found), total=await redis.xlen(keys.DEAD), older=last)
        last = letter.id
        if kind in ("", letter.kind):
            found.append(letter)
    more = bool(last and await redis.xrevrange(keys.DEAD, max=f"({last}", count=1))
    return DeadPage(letters=tuple(found), total=await redis.xlen(keys.DEAD), older=last if more else "")


async def read_kinds(redis: Client) -> DeadKinds:
    """The kinds of reasons among the newest, the most frequent first."""
    counted: Counter[str] = Counter()
    looked = 0
    async for _, fields in _newest(redis, ""):
        counted[kind_of(fields)] += 1
        looked += 1
    return DeadKinds(kinds=tuple(counted.most_common()), looked_through=looked)


async def read_letter(redis: Client, letter: str) -> Letter | None:
    """One entry as it is on the stream; None when it is not there (any more)."""
    rows: Sequence[Letter] = await redis.xrange(keys.DEAD, min=letter, max=letter)
    return rows[0] if rows else None


async def newest_id(redis: Client) -> str:
    """The id of the newest entry; empty when there is none."""
    rows = await redis.xrevrange(keys.DEAD, count=1)
    return rows[0][0].decode() if rows else ""


async def _newest(redis: Client, before: str) -> AsyncIterator[tuple[bytes, Fields]]:
    """Entries, newest first, until a bounded number or amount was read."""
    top, entries, size = f"({before}" if before else "+", 0, 0
    while entries < _MOST_ENTRIES and size < _MOST_BYTES:
        rows: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(keys.DEAD, max=top, count=_PAGE)
        for entry, fields in rows:
            entries, size = entries + 1, size + sum(map(len, fields.values()))
            yield entry, fields
        if len(rows) < _PAGE:
            return
        top = f"({rows[-1][0].decode()}"


def _letter(entry: bytes, fields: Fields) -> DeadLetter:
    body = fields.get(b"body", b"")
    reason = readable(fields.get(b"reason", b""))
    return DeadLetter(
        id=entry.decode(),
        at=datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC),
        entry=readable(fields.get(b"entry", b"")),
        type=readable(fields.get(b"type", b""))[:80],
        target=_target(fields, body_of(body)),
        reason=_MASK.text(reason, longest=1000),
        kind=kind_of(fields),
        hindrance=hindrance(fields),
        excerpt=_MASK.text(readable(body[:_EXCERPT]).rstrip("0123456789"), longest=2 * _EXCERPT),
    )


def _target(fields: Fields, body: dict[str, Any]) -> str:  # Any: JSON
    """The campaign or account that it is about."""
    named = body.get("campaign") or readable(fields.get(b"campaign", b"")) or body.get("account") or ""
    return str(named)[:80]
