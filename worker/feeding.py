"""The feeder: expands chunks into per-recipient arq jobs, a little ahead of what the account can send.

Round-robin over campaigns, a slice each, so that a small campaign is not stuck behind a large one. It also
closes what was cancelled or is past its validity, and gives resumed campaigns their jobs back. Every step
is atomic in Redis and guarded by the campaign's own place, so two feeders do no harm.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import structlog

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, CampaignState, Lane
from producer.contract.client import Client
from producer.contract.jobs import FEED
from producer.contract.messages import AccountName, CampaignId, MessageId
from producer.contract.states import Event
from worker.ledger import CampaignView, Ledger, LedgerReader
from worker.ledger.moves import Slice
from worker.ledger.reading import CampaignPlace
from worker.settings import Account

_TICK: Final = 0.2
_LEAST_AHEAD: Final = 100
_MOST_AHEAD: Final = 20_000  # fewer than a sender keeps decoded
_SLICE: Final = CHUNK_SIZE
_AT_ONCE: Final = 5
"""Slices that travel together. Each keeps Redis busy for a millisecond or two, and nobody is heard in between."""

log = structlog.get_logger(__name__)


_Meal = tuple[CampaignView, CampaignPlace]
"""A campaign that is to be fed, and from where."""


class Feeder:
    """Feeds one account's queues. `horizon`: seconds of work to keep in the queue."""

    def __init__(self, redis: Client, ledger: Ledger, reader: LedgerReader, account: Account, horizon: float) -> None:
        self._redis = redis
        self._ledger = ledger
        self._reader = reader
        self._account = account.name
        per_second = account.limits.rate * account.limits.batch
        self._ahead = int(min(max(per_second * horizon, _LEAST_AHEAD), _MOST_AHEAD))
        self._turn = 0

    async def step(self) -> bool:
        """Feed once; True while there is more to feed or to close."""
        names = await self._redis.zrange(keys.active(self._account), 0, -1)
        campaigns = [CampaignId(name.decode()) for name in names]
        self._turn += 1
        first = self._turn % len(campaigns) if campaigns else 0
        tended = [await self._tend(campaign) for campaign in campaigns[first:] + campaigns[:first]]
        hungry = [meal for meal in tended if meal is not None]
        room = {lane: await self._room(lane) for lane in Lane}
        while hungry and any(free > 0 for free in room.values()):
            most = max(1, _AT_ONCE // len(hungry))
            served = [await self._serve(*meal, room, most) for meal in hungry]
            hungry = [meal for meal in served if meal is not None]
        return bool(campaigns)

    async def _room(self, lane: Lane) -> int:
        return self._ahead - await self._redis.zcard(keys.queue(self._account, lane))

    async def _tend(self, campaign: CampaignId) -> _Meal | None:
        """Close or requeue what is to be; the campaign when it is to be fed now, and from where."""
        view, place = await self._reader.campaign(campaign), await self._reader.place(campaign)
        if view is None or place is None:
            await self._redis.zrem(keys.active(self._account), campaign)
            return None
        if place.state is CampaignState.CANCELLED:
            await self._close(view, place, Event.CANCEL, "")
        elif _is_past(view.campaign.not_after):
            await self._close(view, place, Event.EXPIRE, "volley.past_validity")
        elif place.state is CampaignState.RUNNING:
            if place.requeue:
                await self._resume(view, place)
            if _is_past(view.campaign.not_before, unset=True):
                return view, place
        return None

    async def _close(self, view: CampaignView, place: CampaignPlace, event: Event, code: str) -> None:
        campaign = view.campaign
        ended = await self._ledger.close(
            campaign.id, place.chunks, event, code, account=self._account, lane=campaign.lane
        )
        log.info("campaign_closed", campaign=campaign.id, ended=ended, why=event)

    async def _resume(self, view: CampaignView, place: CampaignPlace) -> None:
        campaign = view.campaign
        chunks = range(min(place.fed + 1, place.chunks))
        await self._ledger.requeue(campaign.id, chunks, account=self._account, lane=campaign.lane)
        await self._redis.hdel(keys.campaign(campaign.id), "requeue")

    async def _serve(
        self, view: CampaignView, place: CampaignPlace, room: dict[Lane, int], most: int
    ) -> _Meal | None:
        """Feed up to `most` slices; from where to go on, None when there is no more to feed (or no room, or another
        feeds).
        """
        campaign, lane = view.campaign.id, view.campaign.lane
        if place.fed >= place.chunks or room[lane] <= 0:
            return None
        sizes = await self._reader.chunk_sizes(campaign, place.fed, min(most, place.chunks - place.fed))
        slices, after = cut(campaign, place, sizes, min(room[lane], most * _SLICE))
        if not slices:
            return None
        answers = await self._ledger.register(slices, account=self._account, lane=lane)
        fed = (each.places for each, answer in zip(slices, answers, strict=True) if answer in {"fed", "all fed"})
        room[lane] -= sum(fed)
        return (view, after) if set(answers) == {"fed"} else None


def cut(
    campaign: CampaignId, place: CampaignPlace, sizes: Sequence[int], room: int
) -> tuple[list[Slice], CampaignPlace]:
    """The next slices of a campaign, of chunks that hold `sizes`, for `room` messages; where it goes on (pure)."""
    slices, chunk, first = list[Slice](), place.fed, place.fed_place
    for size in sizes:
        while first < size and room > 0:
            places = min(_SLICE, room, size - first)
            message = MessageId(campaign=campaign, chunk=chunk, place=first)
            slices.append(Slice(first=message, places=places, size=size))
            first += places
            room -= places
        if first < size:
            break
        chunk, first = chunk + 1, 0
    return slices, replace(place, fed=chunk, fed_place=first)


async def feed(ctx: Mapping[str, Any], name: str) -> None:  # Any: arq's context
    """The arq job: one step for one account, then itself again for the next tick while there is work.

    Each tick is a job of its own id (the tick's number), so any number of processes may ask for it and
    one runs it; and no lock of a killed worker outlives a tick.
    """
    feeder: Feeder | None = ctx["feeders"].get(name)
    if feeder is not None and await feeder.step():
        await ask_for_feed(ctx["redis"], AccountName(name), ticks=1)


async def ask_for_feed(redis: Client, name: AccountName, *, ticks: int = 0) -> None:
    """Ask for the feeder, `ticks` from now; harmless when it was asked for already."""
    number = int(time.time() / _TICK) + ticks
    due = datetime.fromtimestamp(number * _TICK).astimezone() if ticks else None
    await redis.enqueue_job(
        FEED, name, _job_id=f"feed:{name}:{number}", _queue_name=keys.CONTROL_SEND, _defer_until=due, _expires=60
    )


def _is_past(moment: datetime | None, *, unset: bool = False) -> bool:
    return moment.timestamp() <= time.time() if moment else unset
