"""Reading single values out of Redis' answers: text, numbers, moments; what is not there or no number is None."""

from collections.abc import Mapping
from datetime import UTC, datetime

from producer.contract.client import Client

Fields = Mapping[bytes, bytes]


def text(fields: Fields, name: str, default: str = "") -> str:
    """A field as text; bytes that are no UTF-8 are shown as such, never an error."""
    value = fields.get(name.encode())
    return default if value is None else readable(value)


def readable(value: bytes) -> str:
    """Bytes as text, whatever they are."""
    return value.decode(errors="backslashreplace")


def number(fields: Fields, name: str) -> float | None:
    """A field as a number, or None."""
    try:
        return float(fields[name.encode()])
    except (KeyError, ValueError):
        return None


def whole(fields: Fields, name: str) -> int:
    """A field as a whole number; 0 when it is none."""
    return int(number(fields, name) or 0)


def moment(fields: Fields, name: str) -> datetime | None:
    """A field of unix seconds as a moment, or None."""
    seconds = number(fields, name)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def counts(fields: Fields) -> dict[str, int]:
    """A hash of counters by name; zeros are left out."""
    found = {readable(name): int(value) for name, value in fields.items() if value.lstrip(b"-").isdigit()}
    return {name: count for name, count in found.items() if count}


def clock(answer: tuple[int, int]) -> datetime:
    """The answer of Redis' TIME."""
    seconds, microseconds = answer
    return datetime.fromtimestamp(seconds + microseconds / 1_000_000, UTC)


async def read_clock(redis: Client) -> datetime:
    """Redis' own time: the clock of the throttle and of the queues."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        (now,) = await pipe.execute()
    return clock(now)
