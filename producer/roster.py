"""The messages of some chunks of a campaign as they are now: recipient and record together, in one round trip.

A campaign may have millions, so they come packed; a `Sieve` says cheaply which of a chunk are meant, and only those
need to be unpacked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.codec import chunk_size, decode_chunk, msisdns_of
from producer.contract.messages import FORGOTTEN, CampaignId, MessageId, MessageRecord, Msisdn
from producer.contract.orders import Filter
from producer.contract.states import State

_PAST_VALIDITY: Final = "volley.past_validity"  # what worker.feeding ends the rest of a campaign with


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """One chunk as it lies in Redis: its recipients, its records by place, and the record of one that has none.

    `data` is None where there is no such chunk.
    """

    campaign: CampaignId
    number: int
    data: bytes | None
    records: Mapping[bytes, bytes]
    absent: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One message: its address, its MSISDN and values (none: forgotten), the line it came from, its record."""

    id: MessageId
    msisdn: Msisdn
    record: MessageRecord
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    line: int = 0


class Sieve:
    """Which messages of a chunk are meant: those that fit a filter, and are in one of `states`."""

    def __init__(self, wanted: Filter, states: Iterable[State] = State) -> None:
        self._letters = {state.letter.encode() for state in states if state in wanted.states}
        self._code = wanted.code.encode()
        self._prefix = wanted.prefix

    def places(self, chunk: Packed) -> list[int]:
        """Their places in the chunk, in order; somebody who was forgotten fits an empty beginning alone."""
        if chunk.data is None:
            return []
        letters, code, records, absent = self._letters, self._code, chunk.records, chunk.absent
        found = []
        for place in range(chunk_size(chunk.data)):
            packed = records.get(b"%d" % place, absent)
            if packed[:1] in letters and (not code or packed.split(b"|", 6)[5] == code):
                found.append(place)
        if found and self._prefix:
            numbers = msisdns_of(chunk.data)
            return [place for place in found if _number(numbers[place]).startswith(self._prefix)]
        return found


async def read_roster(redis: Client, campaign: CampaignId, chunks: Sequence[int]) -> list[Packed]:
    """Some chunks, packed, in one round trip."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hget(keys.campaign(campaign), "rest")
        for number in chunks:
            pipe.hget(keys.chunks(campaign), str(number))
            pipe.hgetall(keys.records(campaign, number))
        rest, *answers = await pipe.execute()
    absent = unregistered(rest).pack().encode()
    pairs = zip(chunks, answers[::2], answers[1::2], strict=True)
    return [
        Packed(campaign=campaign, number=number, data=data, records=records, absent=absent)
        for number, data, records in pairs
    ]


def listed(chunk: Packed, places: Iterable[int] | None = None) -> list[Listed]:
    """The messages at these places (None: all) in the order of the recipients; without a record: `absent`'s."""
    recipients = decode_chunk(chunk.data) if chunk.data else ()
    return [
        Listed(
            id=MessageId(campaign=chunk.campaign, chunk=chunk.number, place=place),
            msisdn=_number(recipients[place].msisdn),
            record=MessageRecord.unpack(chunk.records.get(b"%d" % place, chunk.absent)),
            values=recipients[place].values,
            line=recipients[place].line,
        )
        for place in (range(len(recipients)) if places is None else places)
    ]


def unregistered(rest: bytes | None) -> MessageRecord:
    """The record of a message that has none yet; `rest`: what its campaign says became of such."""
    state = State(rest.decode()) if rest else State.QUEUED
    return MessageRecord(state=state, code=_PAST_VALIDITY if state is State.EXPIRED else "")


def _number(msisdn: Msisdn) -> Msisdn:
    return Msisdn("") if msisdn == FORGOTTEN else msisdn
