"""The sweeper repairs our own books: jobs that are missing, campaigns that are stuck, what has had its time."""

import time
from typing import Final

import structlog

from producer.contract import keys
from producer.contract.campaigns import CampaignKind, CampaignState
from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.progress import read_progress
from worker.feeding import ask_for_feed
from worker.ledger import CampaignView, Ledger, LedgerReader
from worker.ledger.reading import CampaignPlace
from worker.settings import Retention

_CHUNKS_A_TURN: Final = 200
_DAY: Final = 86_400
_ENDED: Final = frozenset({CampaignState.FINISHED, CampaignState.LOADING})

log = structlog.get_logger(__name__)


class Sweeper:
    """Goes over the campaigns, a bounded piece of each a turn. Safe at any time, twice, beside workers."""

    def __init__(self, redis: Client, ledger: Ledger, reader: LedgerReader, retention: Retention) -> None:
        self._redis = redis
        self._ledger = ledger
        self._reader = reader
        self._retention = retention
        self._next_chunk: dict[CampaignId, int] = {}

    async def step(self, *, chunks: int = _CHUNKS_A_TURN) -> int:
        """One turn over all campaigns; how many jobs were missing."""
        missing, repaired = 0, set()
        for name in await self._redis.zrange(keys.CAMPAIGNS, 0, -1):
            campaign = CampaignId(name.decode())
            view, place = await self._reader.campaign(campaign), await self._reader.place(campaign)
            if view is None or place is None:
                await self._redis.zrem(keys.CAMPAIGNS, campaign)
            elif not await self._retire(view, place) and place.state not in _ENDED:
                missing += await self._repair(view, place, chunks)
                repaired.add(campaign)
        self._next_chunk = {name: place for name, place in self._next_chunk.items() if name in repaired}
        return missing

    async def _repair(self, view: CampaignView, place: CampaignPlace, most: int) -> int:
        campaign = view.campaign
        await self.wake(view, place)
        await self._end_day(view)
        last = min(place.fed + 1, place.chunks)
        start = self._next_chunk.get(campaign.id, 0) if self._next_chunk.get(campaign.id, 0) < last else 0
        wanted = range(start, min(start + most, last))
        self._next_chunk[campaign.id] = wanted.stop
        missing = await self._ledger.requeue(campaign.id, wanted, account=campaign.account, lane=campaign.lane)
        if missing:
            log.warning("jobs_were_missing", campaign=campaign.id, count=missing)
        return missing

    async def wake(self, view: CampaignView, place: CampaignPlace) -> None:
        """Put a campaign that has something to feed or to close back on the feeder's list."""
        campaign = view.campaign
        is_unfed = place.state is CampaignState.RUNNING and (place.fed < place.chunks or place.requeue)
        is_unclosed = place.state is CampaignState.CANCELLED and not place.rest
        is_past = campaign.not_after is not None and campaign.not_after.timestamp() <= time.time() and not place.rest
        if is_unfed or is_unclosed or is_past:
            await self._redis.zadd(keys.active(campaign.account), {campaign.id: time.time()}, nx=True)
            await ask_for_feed(self._redis, campaign.account)

    async def _end_day(self, view: CampaignView) -> None:
        """A gathering campaign of single messages is over when its day is, and all of it is final."""
        campaign = view.campaign
        if campaign.kind is not CampaignKind.SINGLE or campaign.created_at is None:
            return
        if campaign.created_at.timestamp() + 2 * _DAY > time.time():
            return
        progress = await read_progress(self._redis, campaign.id)
        if progress is not None and progress.final >= progress.total:
            ended = {"state": CampaignState.FINISHED, "finished_at": int(time.time())}
            await self._redis.hset(keys.campaign(campaign.id), mapping=ended)

    async def _retire(self, view: CampaignView, place: CampaignPlace) -> bool:
        """Delete a campaign that has been over for the retention time; True when it is gone."""
        campaign = view.campaign
        finished_at = await self._redis.hget(keys.campaign(campaign.id), "finished_at")
        is_over = finished_at is not None and int(finished_at) + self._retention.finished_for <= time.time()
        if not is_over:
            return False
        names = [keys.records(campaign.id, chunk) for chunk in range(place.chunks)]
        shards = int(await self._redis.hget(keys.campaign(campaign.id), "shards") or 0)
        names += [keys.seen(campaign.id, shard) for shard in range(shards)]
        names += [keys.chunks(campaign.id), keys.counts(campaign.id), keys.reasons(campaign.id)]
        names += [keys.refusals(campaign.id), keys.delivery(campaign.id), keys.spent(campaign.id)]
        names.append(keys.campaign(campaign.id))
        for start in range(0, len(names), 500):
            await self._redis.delete(*names[start : start + 500])
        await self._redis.zrem(keys.CAMPAIGNS, campaign.id)
        await self._redis.zrem(keys.active(campaign.account), campaign.id)
        log.info("campaign_retired", campaign=campaign.id)
        return True
