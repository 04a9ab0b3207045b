"""Time that passes for a campaign in a test: its records are made older, as they are stored."""

import time
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.campaigns import Campaign
from producer.contract.messages import CampaignId, MessageRecord
from producer.contract.states import State
from worker.ledger import LedgerReader
from worker.spacing import PAGES, RECALLS

_SWAP: Final = (
    "if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end"
)
_WAITING: Final = {State.DEFERRED.letter, State.QUEUED.letter}
_SUBMITTED: Final = {State.SUBMITTED.letter, State.ENROUTE.letter}


@dataclass(frozen=True, slots=True)
class Time:
    """Workers may be at work: a record that one of them changes meanwhile stays as they left it."""

    redis: Redis
    reader: LedgerReader

    async def end_waits(self, name: CampaignId) -> None:
        """Whoever waits to be sent is due, and in the queue's first places."""
        campaign, records = await self._packed(name)
        queue = keys.queue(campaign.account, campaign.lane)
        for key, spot, packed in records:
            state, attempts, changed_at, due_at, *rest = packed.split(b"|")
            if state.decode() not in _WAITING:
                continue
            if due_at != b"0":
                await self._swap(key, spot, packed, b"|".join([state, attempts, changed_at, b"1", *rest]))
            chunk = key.rpartition(":")[2]
            await self.redis.zadd(queue, {f"{name}/{chunk}.{spot.decode()}": 1000}, xx=True)

    async def age_history_requests(self, name: CampaignId, seconds: float) -> None:
        """The account's requests for the provider's history were made so much earlier."""
        book = keys.account((await self._packed(name))[0].account)
        for field in (PAGES, RECALLS):
            times = (await self.redis.hget(book, field) or b"").split()
            if times:
                await self.redis.hset(book, field, " ".join(f"{float(at) - seconds:.1f}" for at in times))

    async def age_submissions(self, name: CampaignId, seconds: float) -> None:
        """Whoever waits for a report was submitted so long ago, and is due to be looked at."""
        campaign, records = await self._packed(name)
        for key, spot, packed in records:
            state, attempts, _, *rest = packed.split(b"|")
            if state.decode() in _SUBMITTED:
                aged = b"%d" % (time.time() - seconds)
                await self._swap(key, spot, packed, b"|".join([state, attempts, aged, *rest]))
                reference = MessageRecord.unpack(packed).reference
                await self.redis.zadd(keys.due(campaign.account), {reference: 1}, xx=True)

    async def _packed(self, name: CampaignId) -> tuple[Campaign, list[tuple[str, bytes, bytes]]]:
        """A campaign, and its records as they are stored: key, field, value."""
        view, place = await self.reader.campaign(name), await self.reader.place(name)
        assert view is not None
        assert place is not None
        return view.campaign, [
            (key, spot, packed)
            for key in (keys.records(name, chunk) for chunk in range(place.chunks))
            for spot, packed in (await self.redis.hgetall(key)).items()
        ]

    async def _swap(self, key: str, field: bytes, old: bytes, new: bytes) -> None:
        await self.redis.eval(_SWAP, 1, key, field, old, new)
