"""The dead letters: intake entries that were refused, by reason; put back to be taken again, or dropped."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from ops.readings.fields import Fields, readable
from producer.contract import keys
from producer.contract.client import Client, Value
from producer.masking import Mask

_PAGE: Final = 50
_MOST_ENTRIES: Final = 1000
_MOST_BYTES: Final = 8 * 1024 * 1024
"""How much of the stream is counted by reason."""

_EXCERPT: Final = 400
_VARYING: Final = re.compile(r"'[^']{0,200}'|\"[^\"]{0,200}\"|\d+")
_MASK: Final = Mask()

# the fields of an entry as it was put; the others are the dead letter's own
_PUT: Final = ("v", "type", "body")


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
        counted[_kind(readable(fields.get(b"reason", b"")))] += 1
        looked += 1
    return DeadKinds(kinds=tuple(counted.most_common()), looked_through=looked)


async def matching(redis: Client, kind: str, *, letter: str = "") -> AsyncIterator[DeadLetter]:
    """Those of a kind (or the one named `letter`) that are there now, oldest first; later ones are left out."""
    newest: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(keys.DEAD, count=1)
    last, first = (letter, letter) if letter else (newest[0][0].decode() if newest else "0-0", "-")
    while True:
        rows: Sequence[tuple[bytes, Fields]] = await redis.xrange(keys.DEAD, min=first, max=last, count=_PAGE)
        for entry, fields in rows:
            found = _letter(entry, fields)
            if letter or found.kind == kind:
                yield found
        if len(rows) < _PAGE:
            return
        first = f"({rows[-1][0].decode()}"


async def put_back(redis: Client, letter: str) -> bool:
    """Put an entry on the intake stream again, as it was put first; False when it is not there, or cannot be.

    One step: it is on one of the two streams at any time. A single message without a key of its sender's gets
    the one that the first taking would have given it, so that a letter that lies here twice is sent once.
    """
    rows: Sequence[tuple[bytes, Fields]] = await redis.xrange(keys.DEAD, min=letter, max=letter)
    if not rows or _hindrance(rows[0][1]):
        return False
    fields = rows[0][1]
    given: dict[str, Value] = {name: fields[name.encode()] for name in _PUT if name.encode() in fields}
    given["body"] = _keyed(fields)
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xadd(keys.INTAKE, given)
        pipe.xdel(keys.DEAD, letter.encode())
        await pipe.execute()
    return True


async def drop(redis: Client, letter: str) -> bool:
    """Delete an entry for good; False when it is not there."""
    return bool(await redis.xdel(keys.DEAD, letter.encode()))


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
        target=_target(fields, _body(body)),
        reason=_MASK.text(reason, longest=1000),
        kind=_kind(reason),
        hindrance=_hindrance(fields),
        excerpt=_MASK.text(readable(body[:_EXCERPT]).rstrip("0123456789"), longest=2 * _EXCERPT),
    )


def _kind(reason: str) -> str:
    return _MASK.text(_VARYING.sub("…", reason), longest=200)


def _hindrance(fields: Fields) -> str:
    if b"refusals" in fields:
        return "its other recipients were taken"
    if b"cut" in fields:
        return "it was too large to be kept whole"
    return "" if b"body" in fields and b"type" in fields else "it is no entry of the contract"


def _target(fields: Fields, body: dict[str, Any]) -> str:  # Any: JSON
    """The campaign or account that it is about."""
    named = body.get("campaign") or readable(fields.get(b"campaign", b"")) or body.get("account") or ""
    return str(named)[:80]


def _body(data: bytes) -> dict[str, Any]:  # Any: JSON
    try:
        read = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _keyed(fields: Fields) -> bytes:
    body = _body(fields[b"body"])
    if fields.get(b"type") != b"message.send" or not body or body.get("key"):
        return fields[b"body"]
    return orjson.dumps({**body, "key": f"intake {readable(fields.get(b'entry', b''))}"})
