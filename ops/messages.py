"""The messages of a campaign as they are now, streamed chunk by chunk: memory does not grow with their number."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ops.readings.fields import Fields
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName, CampaignId, MessageId, MessageRecord, Msisdn
from producer.roster import Listed, read_roster

_CHUNKS_AT_ONCE: Final = 4


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
            for message in chunk:
                yield _reading(message, words)


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
