"""What people wrote to us, and who is never to be written to: read page by page."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ops.readings.fields import Fields, moment, text
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import Msisdn
from producer.suppression import Suppressed, read_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingReading:
    """One incoming message. `entry` is the stream's id; `at` is the provider's time where it told one."""

    entry: str
    at: datetime
    account: str
    msisdn: Msisdn
    to: str
    text: str
    is_stop: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPage:
    """Some of them, newest first; `older` is the entry that the next page begins behind, empty when there is none."""

    messages: tuple[IncomingReading, ...]
    older: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutPage:
    """Some of the suppression list, in no order; `cursor` 0: these were the last. `total` counts all."""

    entries: tuple[Suppressed, ...]
    total: int
    cursor: int = 0


async def read_incoming(redis: Client, *, before: str = "", limit: int = 50) -> IncomingPage:
    """A page of incoming messages, those behind the entry `before`; one round trip."""
    found = await redis.xrevrange(keys.INCOMING, max=f"({before}" if before else "+", count=limit + 1)
    messages = tuple(_reading(entry.decode(), fields) for entry, fields in found[:limit])
    return IncomingPage(messages=messages, older=messages[-1].entry if len(found) > limit else "")


async def read_optouts(redis: Client, *, cursor: int = 0, limit: int = 100) -> OptOutPage:
    """A part of the suppression list, about `limit` entries of a long one; one round trip."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.hlen(keys.SUPPRESSED)
        pipe.hscan(keys.SUPPRESSED, cursor=cursor, count=limit)
        total, (following, found) = await pipe.execute()
    entries = sorted((read_entry(*item) for item in found.items()), key=lambda each: (-each.since, each.msisdn))
    return OptOutPage(entries=tuple(entries), total=total, cursor=int(following))


def _reading(entry: str, fields: Fields) -> IncomingReading:
    written_at = datetime.fromtimestamp(int(entry.partition("-")[0]) / 1000, UTC)
    return IncomingReading(
        entry=entry,
        at=moment(fields, "at") or written_at,
        account=text(fields, "account"),
        msisdn=Msisdn(text(fields, "from")),
        to=text(fields, "to"),
        text=text(fields, "text"),
        is_stop=text(fields, "stop") == "1",
    )
