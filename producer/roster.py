"""The messages of some chunks of a campaign as they are now: recipient and record together, in one round trip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.codec import decode_chunk
from producer.contract.messages import FORGOTTEN, CampaignId, MessageId, MessageRecord, Msisdn
from producer.contract.states import State

_PAST_VALIDITY: Final = "volley.past_validity"  # what worker.feeding ends the rest of a campaign with


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One message: its address, its MSISDN and values (none: forgotten), the line it came from, its record."""

    id: MessageId
    msisdn: Msisdn
    record: MessageRecord
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    line: int = 0


async def read_roster(redis: Client, campaign: CampaignId, chunks: Sequence[int]) -> list[list[Listed]]:
    """The messages of each chunk, in the order of the recipients; of a chunk that is not there, none."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hget(keys.campaign(campaign), "rest")
        for number in chunks:
            pipe.hget(keys.chunks(campaign), str(number))
            pipe.hgetall(keys.records(campaign, number))
        rest, *answers = await pipe.execute()
    absent = unregistered(rest)
    pairs = zip(chunks, answers[::2], answers[1::2], strict=True)
    return [_listed(campaign, number, data, records, absent) for number, data, records in pairs]


def unregistered(rest: bytes | None) -> MessageRecord:
    """The record of a message that has none yet; `rest`: what its campaign says became of such."""
    state = State(rest.decode()) if rest else State.QUEUED
    return MessageRecord(state=state, code=_PAST_VALIDITY if state is State.EXPIRED else "")


def _listed(
    campaign: CampaignId, chunk: int, data: bytes | None, records: Mapping[bytes, bytes], absent: MessageRecord
) -> list[Listed]:
    """The messages of one chunk. Without a record: still queued, or ended with the rest of the campaign."""
    found = []
    for place, recipient in enumerate(decode_chunk(data) if data else ()):
        packed = records.get(b"%d" % place)
        found.append(
            Listed(
                id=MessageId(campaign=campaign, chunk=chunk, place=place),
                msisdn=Msisdn("") if recipient.msisdn == FORGOTTEN else recipient.msisdn,
                record=MessageRecord.unpack(packed) if packed else absent,
                values=recipient.values,
                line=recipient.line,
            )
        )
    return found
