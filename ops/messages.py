"""The messages of a campaign as they are now, streamed chunk by chunk: memory does not grow with their number."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ops.readings.fields import Fields
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.codec import chunk_size
from producer.contract.messages import AccountName, CampaignId, MessageId, MessageRecord, Msisdn
from producer.contract.orders import Filter
from producer.roster import Listed, Packed, Sieve, listed, read_roster

_CHUNKS_AT_ONCE: Final = 4
_CHUNKS_OF_A_PAGE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReading:
    """One message: its address, its MSISDN and values (none: forgotten), its record, and the words of its code."""

    id: MessageId
    msisdn: Msisdn
    record: MessageRecord
    words: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


async def read_messages(redis: Client, campaign: CampaignId, *, first: int = 0) -> AsyncIterator[MessageReading]:
    """Every message from the chunk `first` on, in the order of the recipients, as it was when its chunk was read."""
    account, chunks = await redis.hmget(keys.campaign(campaign), ["account", "chunks"])
    words = await redis.hgetall(keys.words(AccountName((account or b"").decode())))
    for start in range(first, int(chunks or 0), _CHUNKS_AT_ONCE):
        numbers = range(start, min(start + _CHUNKS_AT_ONCE, int(chunks or 0)))
        for chunk in await read_roster(redis, campaign, numbers):
            for message in listed(chunk):
                yield _reading(message, words)


async def read_page(
    redis: Client, campaign: CampaignId, wanted: Filter, after: tuple[int, int], *, most: int, chunks: int
) -> tuple[list[MessageReading], str]:
    """At most so many messages that fit, behind the chunk and place `after`; and where the next page begins.

    Looks through so many chunks at most, behind which the next page goes on; the place is empty behind the last.
    """
    account, total = await redis.hmget(keys.campaign(campaign), ["account", "chunks"])
    words = await redis.hgetall(keys.words(AccountName((account or b"").decode())))
    sieve, found, looked = Sieve(wanted), list[MessageReading](), 0
    async for chunk in _chunks(redis, campaign, after[0], int(total or 0)):
        size = chunk_size(chunk.data) if chunk.data else 0
        first = after[1] + 1 if chunk.number == after[0] else 0
        places = [place for place in sieve.places(chunk) if place >= first][: most - len(found)]
        found += [_reading(message, words) for message in listed(chunk, places)]
        looked += first < size
        if len(found) == most and places[-1] + 1 < size:
            return found, f"{chunk.number}.{places[-1]}"
        if (len(found) == most or looked == chunks) and chunk.number + 1 < int(total or 0):
            return found, f"{chunk.number}.{size - 1}"
    return found, ""


async def _chunks(redis: Client, campaign: CampaignId, first: int, total: int) -> AsyncIterator[Packed]:
    """Chunks from `first` on: one, and then, if that was not enough, ten a trip."""
    size = 1
    while first < total:
        for chunk in await read_roster(redis, campaign, range(first, min(first + size, total))):
            yield chunk
        first, size = first + size, _CHUNKS_OF_A_PAGE


async def read_message(redis: Client, message: MessageId) -> MessageRecord | None:
    """The record of one message; None when there is none (yet)."""
    packed = await redis.hget(keys.records(message.campaign, message.chunk), str(message.place))
    return MessageRecord.unpack(packed) if packed else None


async def explained(redis: Client, account: AccountName, code: str) -> str:
    """What a reason code of this account means; empty when nobody said."""
    return explain(code, await redis.hgetall(keys.words(account))) if code else ""


def _reading(message: Listed, words: Fields) -> MessageReading:
    code = message.record.code
    plain = explain(code, words) if code else ""
    return MessageReading(
        id=message.id, msisdn=message.msisdn, record=message.record, words=plain, values=message.values
    )
