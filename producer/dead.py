"""Dead letters as such: the kind of a reason, what can be put back, and putting one back (or dropping it) once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.scripts import Argument, Script, execute
from producer.masking import Mask

_PUT_BACK: Final = Script("producer", "put_back")
_VARYING: Final = re.compile(r"'[^']{0,200}'|\"[^\"]{0,200}\"|\d+")
_MASK: Final = Mask()

# the fields of an entry as it was put; the others are the dead letter's own
_PUT: Final = ("v", "type", "body")

Letter = tuple[bytes, Mapping[bytes, bytes]]
"""An entry of the dead-letter stream: its id, its fields."""


def kind_of(fields: Mapping[bytes, bytes]) -> str:
    """The reason without names and numbers, which many letters share; masked."""
    reason = fields.get(b"reason", b"").decode(errors="backslashreplace")
    return _MASK.text(_VARYING.sub("…", reason), longest=200)


def hindrance(fields: Mapping[bytes, bytes]) -> str:
    """Why a letter cannot be put back; empty when it can."""
    if b"refusals" in fields:
        return "its other recipients were taken"
    if b"cut" in fields:
        return "it was too large to be kept whole"
    return "" if b"body" in fields and b"type" in fields else "it is no entry of the contract"


def body_of(data: bytes) -> dict[str, Any]:  # Any: JSON
    """The body of an entry; an empty one when it is no JSON object."""
    try:
        read = orjson.loads(data)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


async def put_back(redis: Client, letters: Sequence[Letter], *, order: str = "") -> int:
    """Put letters without a hindrance on the intake stream again, as they were put first; how many are new there.

    Each is one step, and done once however often and by how many it is asked for; `order` is the order that it is
    counted on, and without which (open) nothing is done. A single message without a key of its sender's gets the
    one that the first taking would have given it, so that a letter that lies there twice is sent once.
    """
    return await _moved(redis, [(letter, _as_put(fields)) for letter, fields in letters], order)


async def drop(redis: Client, letters: Sequence[bytes], *, order: str = "") -> int:
    """Delete letters for good; how many were there. `order` as in `put_back`."""
    return await _moved(redis, [(letter, []) for letter in letters], order)


async def _moved(redis: Client, letters: Sequence[tuple[bytes, list[Argument]]], order: str) -> int:
    names = [keys.DEAD, keys.INTAKE, *([keys.order(order)] if order else [])]
    if not letters:
        return 0
    return sum(await execute(redis, _PUT_BACK, [(names, [letter, *fields]) for letter, fields in letters]))


def _as_put(fields: Mapping[bytes, bytes]) -> list[Argument]:
    given = {name: fields[name.encode()] for name in _PUT if name.encode() in fields} | {"body": _keyed(fields)}
    return [part for field in given.items() for part in field]


def _keyed(fields: Mapping[bytes, bytes]) -> bytes:
    body = body_of(fields[b"body"])
    if fields.get(b"type") != b"message.send" or not body or body.get("key"):
        return fields[b"body"]
    entry = fields.get(b"entry", b"").decode(errors="backslashreplace")
    return orjson.dumps({**body, "key": f"intake {entry}"})
