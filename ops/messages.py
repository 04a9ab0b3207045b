"""The messages of a campaign as they are now, streamed chunk by chunk: memory does not grow with their number."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ops.readings.fields import Fields
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.codec import decode_chunk
from producer.contract.messages import FORGOTTEN, AccountName, CampaignId, MessageId, MessageRecord, Msisdn
from producer.contract.states import State

_CHUNKS_AT_ONCE: Final = 4
_PAST_VALIDITY: Final = "volley.past_validity"  # what worker.feeding ends the rest of a campaign with


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
        async with redis.pipeline(transaction=True) as pipe:
            pipe.hget(keys.campaign(campaign), "rest")
            for number in numbers:
                pipe.hget(keys.chunks(campaign), str(number))
                pipe.hgetall(keys.records(campaign, number))
            rest, *answers = await pipe.execute()
        for number, data, records in zip(numbers, answers[::2], answers[1::2], strict=True):
            for message in _messages(campaign, number, data, records, rest, words):
                yield message


async def read_message(redis: Client, message: MessageId) -> MessageRecord | None:
    """The record of one message; None when there is none (yet)."""
    packed = await redis.hget(keys.records(message.campaign, message.chunk), str(message.place))
    return MessageRecord.unpack(packed) if packed else None


async def explained(redis: Client, account: AccountName, code: str) -> str:
    """What a reason code of this account means; empty when nobody said."""
    return explain(code, await redis.hgetall(keys.words(account))) if code else ""


def unregistered(rest: bytes | None) -> MessageRecord:
    """The record of a message that has none yet; `rest`: what its campaign says became of such."""
    state = State(rest.decode()) if rest else State.QUEUED
    return MessageRecord(state=state, code=_PAST_VALIDITY if state is State.EXPIRED else "")


def _messages(
    campaign: CampaignId,
    chunk: int,
    data: bytes | None,
    records: Mapping[bytes, bytes],
    rest: bytes | None,
    words: Fields,
) -> list[MessageReading]:
    """The messages of one chunk. Without a record: still queued, or ended with the rest of the campaign."""
    absent = unregistered(rest)
    found = []
    for place, recipient in enumerate(decode_chunk(data) if data else ()):
        number = Msisdn("") if recipient.msisdn == FORGOTTEN else recipient.msisdn
        packed = records.get(str(place).encode())
        record = MessageRecord.unpack(packed) if packed else absent
        address = MessageId(campaign=campaign, chunk=chunk, place=place)
        plain = explain(record.code, words) if record.code else ""
        found.append(MessageReading(id=address, msisdn=number, record=record, words=plain, values=recipient.values))
    return found
