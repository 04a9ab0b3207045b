"""Reading the ledger: campaigns, chunks, records and the messages behind a reference."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile
from typing import Final

from producer.contract import keys
from producer.contract.campaigns import Campaign, CampaignState, Recipient
from producer.contract.client import Client
from producer.contract.codec import chunk_size, decode_campaign, decode_chunk
from producer.contract.messages import AccountName, CampaignId, MessageId, MessageRecord, Reference
from producer.rendering import Template
from worker.ledger.recent import Recent

_MOST_CAMPAIGNS: Final = 1000
_MOST_CHUNKS: Final = 128
_MANY_NAMED: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign with its parsed template: the immutable part, kept by every process."""

    campaign: Campaign
    template: Template
    version: str  # an id may be used again after its campaign was retired; the version may not


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlace:
    """The moving part of a campaign: its state and how far it is fed."""

    state: CampaignState
    total: int
    chunks: int
    fed: int
    fed_place: int
    rest: str  # what became of recipients that were never registered, empty while they still may be
    requeue: bool  # resumed: its open messages may lack jobs


class LedgerReader:
    """Reads with two small caches of what never changes: campaigns and chunks.

    An entry is believed for half a minute only: a campaign that was retired may be submitted anew under its
    old id, and retention is never shorter than a minute.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._campaigns: Recent[CampaignId, CampaignView] = Recent(_MOST_CAMPAIGNS)
        self._chunks: Recent[tuple[CampaignId, int, str], tuple[Recipient, ...]] = Recent(_MOST_CHUNKS)

    async def campaign(self, campaign_id: CampaignId) -> CampaignView | None:
        """The campaign as asked for, or None when there is none (any more)."""
        view = self._campaigns.get(campaign_id)
        if view is None:
            names = ["spec", "token", "created_at"]
            data, token, created_at = await self._redis.hmget(keys.campaign(campaign_id), names)
            if data is None:
                return None
            campaign = decode_campaign(data)
            template, version = Template.parse(campaign.text), _version(token, created_at)
            view = CampaignView(campaign=campaign, template=template, version=version)
            self._campaigns.keep(campaign_id, view)
        return view

    def forget(self, campaign_id: CampaignId) -> None:
        """Read the campaign anew next time: a claim said that it is another one by now."""
        self._campaigns.forget(campaign_id)
        self._chunks.forget_where(lambda address: address[0] == campaign_id)

    async def place(self, campaign_id: CampaignId) -> CampaignPlace | None:
        """How far the campaign is, or None when there is none."""
        fields = ("state", "total", "chunks", "fed", "fed_place", "rest", "requeue")
        state, total, chunks, fed, fed_place, rest, requeue = await self._redis.hmget(
            keys.campaign(campaign_id), list(fields)
        )
        if state is None:
            return None
        return CampaignPlace(
            state=CampaignState(state.decode()),
            total=int(total or 0),
            chunks=int(chunks or 0),
            fed=int(fed or 0),
            fed_place=int(fed_place or 0),
            rest=(rest or b"").decode(),
            requeue=requeue is not None,
        )

    async def chunk(self, campaign_id: CampaignId, chunk: int) -> tuple[Recipient, ...] | None:
        """The recipients of one chunk, or None when there is none."""
        found = await self.chunks([(campaign_id, chunk)])
        return found.get((campaign_id, chunk))

    async def chunk_sizes(self, campaign_id: CampaignId, first: int, count: int) -> list[int]:
        """How many recipients each of `count` (1 or more) chunks from `first` on holds; ends where one is missing."""
        wanted = [str(chunk) for chunk in range(first, first + count)]
        found = await self._redis.hmget(keys.chunks(campaign_id), wanted)
        return [chunk_size(data) for data in takewhile(bool, found) if data is not None]

    async def chunks(
        self, wanted: Sequence[tuple[CampaignId, int]]
    ) -> dict[tuple[CampaignId, int], tuple[Recipient, ...]]:
        """Several chunks, one round trip for those not yet known; chunks that do not exist are left out."""
        found: dict[tuple[CampaignId, int], tuple[Recipient, ...]] = {}
        unknown = []
        for campaign_id, chunk in dict.fromkeys(wanted):
            view = await self.campaign(campaign_id)
            kept = self._chunks.get((campaign_id, chunk, view.version)) if view else None
            if kept is None:
                unknown.append((campaign_id, chunk))
            else:
                found[campaign_id, chunk] = kept
        return found | await self._fetched(unknown) if unknown else found

    async def _fetched(
        self, addresses: Sequence[tuple[CampaignId, int]]
    ) -> dict[tuple[CampaignId, int], tuple[Recipient, ...]]:
        """Chunks from Redis, kept under the version that their campaign has right now."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for campaign_id, chunk in addresses:
                pipe.hget(keys.chunks(campaign_id), str(chunk))
                pipe.hmget(keys.campaign(campaign_id), ["token", "created_at"])
            answers = await pipe.execute()
        found = {}
        for (campaign_id, chunk), data, (token, created_at) in zip(
            addresses, answers[::2], answers[1::2], strict=True
        ):
            if data is not None:
                recipients = decode_chunk(data)
                found[campaign_id, chunk] = recipients
                self._chunks.keep((campaign_id, chunk, _version(token, created_at)), recipients)
        return found

    async def recipients(self, messages: Sequence[MessageId]) -> dict[MessageId, Recipient]:
        """The recipients of messages; those that do not exist are left out."""
        chunks = await self.chunks([(message.campaign, message.chunk) for message in messages])
        found: dict[MessageId, Recipient] = {}
        for message in messages:
            chunk = chunks.get((message.campaign, message.chunk), ())
            if message.place < len(chunk):
                found[message] = chunk[message.place]
        return found

    async def records(self, messages: Sequence[MessageId]) -> dict[MessageId, MessageRecord]:
        """The records of messages, one round trip; those that do not exist are left out."""
        packed = await self._packed(messages)
        return {message: MessageRecord.unpack(each) for message, each in packed if each is not None}

    async def attempted(self, messages: Sequence[MessageId]) -> set[MessageId]:
        """Those of `messages` of which an attempt has been made, one round trip."""
        packed = await self._packed(messages)
        return {message for message, each in packed if each is not None and MessageRecord.attempts_of(each)}

    async def _packed(self, messages: Sequence[MessageId]) -> Iterator[tuple[MessageId, bytes | None]]:
        by_chunk: dict[str, list[MessageId]] = {}
        for message in messages:
            by_chunk.setdefault(keys.records(message.campaign, message.chunk), []).append(message)
        async with self._redis.pipeline(transaction=False) as pipe:
            for name, group in by_chunk.items():
                pipe.hmget(name, [message.place for message in group])
            answers = await pipe.execute()
        groups = zip(by_chunk.values(), answers, strict=True)
        return chain.from_iterable(zip(group, answer, strict=True) for group, answer in groups)

    async def behind(
        self, account: AccountName, references: Sequence[Reference]
    ) -> dict[Reference, tuple[MessageId, ...]]:
        """The messages of submissions; references that are not ours are left out."""
        found: dict[Reference, tuple[MessageId, ...]] = {}
        for start in range(0, len(references), _MANY_NAMED):
            part = references[start : start + _MANY_NAMED]
            values = await self._named(account, part)
            found |= {
                reference: _addresses(value.decode())
                for reference, value in zip(part, values, strict=True)
                if value is not None
            }
        return found

    async def _named(self, account: AccountName, references: Sequence[Reference]) -> list[bytes | None]:
        """What each reference stands for, one round trip, one command for each hash."""
        sharing: dict[str, list[Reference]] = {}
        for reference in references:
            sharing.setdefault(keys.reference(account, reference), []).append(reference)
        async with self._redis.pipeline(transaction=False) as pipe:
            for name, group in sharing.items():
                pipe.hmget(name, list(group))
            answers = await pipe.execute()
        found = {
            reference: value
            for group, values in zip(sharing.values(), answers, strict=True)
            for reference, value in zip(group, values, strict=True)
        }
        return [found[reference] for reference in references]

    async def lives(self, account: AccountName, references: Sequence[Reference]) -> dict[Reference, float]:
        """Seconds that references are still known for, counted from their claim; unknown ones are left out."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for reference in references:
                pipe.pttl(keys.reference(account, reference))
            answers = await pipe.execute()
        return {reference: left / 1000 for reference, left in zip(references, answers, strict=True) if int(left) > 0}


def _version(token: bytes | None, created_at: bytes | None) -> str:
    return (token or created_at or b"").decode()


def _addresses(text: str) -> tuple[MessageId, ...]:
    campaign, _, places = text.partition("|")
    return tuple(MessageId.parse(f"{campaign}/{place}") for place in places.split(","))
