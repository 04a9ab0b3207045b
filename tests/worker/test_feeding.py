"""The feeder: a little ahead of the senders, fair between campaigns, and nobody registered twice."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, CampaignState, Lane
from producer.contract.messages import AccountName, CampaignId
from tests.worker.scene import Scene, numbers
from worker import feeding
from worker.feeding import Feeder, cut
from worker.ledger.moves import Slice
from worker.ledger.reading import CampaignPlace

ATHENS = AccountName("athens")
AHEAD = 300  # of the scene's feeder: 1000 a second, 0.3 s


async def registered(stage: Scene, campaign: str) -> int:
    place = await stage.reader.place(campaign)
    return sum([await stage.redis.hlen(keys.records(campaign, chunk)) for chunk in range(place.chunks)])


async def done(stage: Scene) -> None:
    """The senders took everything that was queued."""
    await stage.redis.delete(keys.queue("athens", Lane.BULK), keys.queue("athens", Lane.URGENT))


async def test_a_campaign_is_fed_no_further_than_the_horizon(stage: Scene) -> None:
    await stage.submit(count=1000)
    assert await stage.feeder.step()
    assert len(await stage.queued()) == AHEAD
    await stage.feeder.step()
    assert len(await stage.queued()) == AHEAD
    await done(stage)
    await stage.feeder.step()
    assert await registered(stage, "spring") == 2 * AHEAD


async def test_everybody_is_fed_in_the_end_and_the_feeder_has_nothing_more_to_do(stage: Scene) -> None:
    await stage.submit(count=1250)
    for _ in range(10):
        if not await stage.feeder.step():
            break
        await done(stage)
    assert await registered(stage, "spring") == 1250
    assert await stage.redis.zcard(keys.active("athens")) == 0
    await stage.requeue("spring")
    assert await stage.mistakes("spring") == []


async def test_a_small_campaign_is_not_stuck_behind_a_large_one(stage: Scene) -> None:
    await stage.submit("large", 5000)
    await stage.submit("small", 50)
    await stage.feeder.step()
    assert await registered(stage, "small") == 50
    assert await registered(stage, "large") == AHEAD - 50


async def test_three_campaigns_take_turns(stage: Scene) -> None:
    for name in ("a", "b", "c"):
        await stage.submit(name, 1000)
    for _ in range(6):
        await stage.feeder.step()
        await done(stage)
    fed = [await registered(stage, name) for name in ("a", "b", "c")]
    assert sum(fed) == 6 * AHEAD
    assert max(fed) - min(fed) <= CHUNK_SIZE


async def test_the_urgent_lane_has_room_while_bulk_has_none(stage: Scene) -> None:
    await stage.submit("large", 1000)
    await stage.feeder.step()
    await stage.submit("alarm", 100, lane=Lane.URGENT)
    await stage.feeder.step()
    assert len(await stage.queued(Lane.URGENT)) == 100


async def test_two_feeders_at_once_register_nobody_twice(stage: Scene) -> None:
    await stage.submit(count=1200)
    feeders = [Feeder(stage.redis, stage.ledger, stage.reader, stage.account, 60.0) for _ in range(3)]
    await asyncio.gather(*(feeder.step() for feeder in feeders))
    assert await registered(stage, "spring") == 1200
    assert int(await stage.redis.hget(keys.campaign("spring"), "registered")) == 1200
    assert len(await stage.queued()) == 1200
    assert await stage.mistakes("spring") == []


def an_hour_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "time", SimpleNamespace(time=lambda: time.time() + 3600))


async def test_nothing_is_fed_before_not_before(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.submit(not_before=datetime.now(UTC) + timedelta(hours=1))
    assert await stage.feeder.step(), "there will be something to feed"
    assert await registered(stage, "spring") == 0
    an_hour_passes(monkeypatch)
    await stage.feeder.step()
    assert await registered(stage, "spring") == 3


async def test_a_pause_between_two_trips_stops_the_feeder(stage: Scene) -> None:
    await stage.submit(count=20 * CHUNK_SIZE)
    before = stage.ledger.register
    trips: list[int] = []

    async def register(slices: Sequence[Slice], **options: object) -> list[str]:
        trips.append(sum(each.places for each in slices))
        if len(trips) == 2:
            await stage.producer.pause("spring")
        return await before(slices, **options)

    class Pausing:
        def __getattr__(self, name: str) -> object:
            return register if name == "register" else getattr(stage.ledger, name)

    await Feeder(stage.redis, Pausing(), stage.reader, stage.account, 60.0).step()
    assert len(trips) == 2, "the second one is told that it is paused"
    assert await registered(stage, "spring") == trips[0]
    await done(stage)
    await stage.producer.resume("spring")
    await stage.feeder.step()
    assert len(await stage.queued()) == trips[0], "what was fed has its jobs again, and there is no room for more"
    await done(stage)
    await stage.feeder.step()
    assert await registered(stage, "spring") == trips[0] + AHEAD


async def test_a_pause_within_a_trip_stops_what_follows(stage: Scene) -> None:
    await stage.submit(count=3 * CHUNK_SIZE)
    first, *others = _slices(3)
    assert await stage.ledger.register([first], account=ATHENS, lane=Lane.BULK) == ["fed"]
    await stage.producer.pause("spring")
    assert await stage.ledger.register(others, account=ATHENS, lane=Lane.BULK) == ["paused", "paused"]
    assert await registered(stage, "spring") == CHUNK_SIZE


async def test_a_slice_that_another_feeder_has_fed_moves_nothing_and_holds_up_none(stage: Scene) -> None:
    await stage.submit(count=3 * CHUNK_SIZE)
    first, second, third = _slices(3)
    assert await stage.ledger.register([first, second], account=ATHENS, lane=Lane.BULK) == ["fed", "fed"]
    assert await stage.ledger.register([first, second, third], account=ATHENS, lane=Lane.BULK) == [
        "moved",
        "moved",
        "all fed",
    ]
    assert await stage.counts("spring") == {"queued": 3 * CHUNK_SIZE}
    assert await stage.mistakes("spring") == []


def _slices(count: int) -> list[Slice]:
    place = CampaignPlace(
        state=CampaignState.RUNNING, total=0, chunks=count, fed=0, fed_place=0, rest="", requeue=False
    )
    return cut(CampaignId("spring"), place, [CHUNK_SIZE] * count, count * CHUNK_SIZE)[0]


@given(
    st.lists(st.integers(1, 3 * CHUNK_SIZE), min_size=1, max_size=5), st.integers(0, CHUNK_SIZE), st.integers(0, 2000)
)
def test_slices_follow_each_other_and_leave_nobody_out(sizes: list[int], first: int, room: int) -> None:
    first %= sizes[0]
    place = CampaignPlace(
        state=CampaignState.RUNNING, total=0, chunks=9, fed=4, fed_place=first, rest="", requeue=False
    )
    slices, after = cut(CampaignId("spring"), place, sizes, room)
    cut_out = [(each.first.chunk, each.first.place + n) for each in slices for n in range(each.places)]
    everybody = [(4 + chunk, n) for chunk, size in enumerate(sizes) for n in range(size)][first:]
    assert cut_out == everybody[:room]
    assert all(each.places <= CHUNK_SIZE and each.size == sizes[each.first.chunk - 4] for each in slices)
    following = everybody[len(cut_out)] if len(cut_out) < len(everybody) else (4 + len(sizes), 0)
    assert (after.fed, after.fed_place) == following


async def test_resumed_messages_get_their_jobs_back(stage: Scene) -> None:
    messages = await stage.fed(count=3)
    await stage.producer.pause("spring")
    await stage.claim(*messages)
    assert await stage.queued() == set()
    await stage.producer.resume("spring")
    await stage.feeder.step()
    assert await stage.queued() == {str(message) for message in messages}
    assert await stage.mistakes("spring") == []


async def test_a_cancelled_campaign_is_closed_and_forgotten(stage: Scene) -> None:
    await stage.submit(count=1000)
    await stage.feeder.step()
    await stage.producer.cancel("spring")
    await stage.feeder.step()
    assert await stage.counts("spring") == {"cancelled": 1000}
    assert not await stage.feeder.step()
    assert await stage.mistakes("spring") == []


@pytest.mark.parametrize("is_paused", [True, False])
async def test_a_campaign_past_its_validity_expires_paused_or_not(
    stage: Scene,
    is_paused: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await stage.submit(count=400, not_after=datetime.now(UTC) + timedelta(hours=1))
    await stage.feeder.step()
    if is_paused:
        await stage.producer.pause("spring")
    an_hour_passes(monkeypatch)
    await stage.feeder.step()
    assert await stage.counts("spring") == {"expired": 400}
    assert await stage.mistakes("spring") == []


async def test_appended_recipients_are_fed_after_all_others_were(stage: Scene) -> None:
    messages = await stage.fed(count=2)
    for message in messages:
        await stage.submitted(message, reference=f"r{message.place}")
        await stage.apply(message, "report_delivered")
    assert await stage.campaign_state("spring") == "finished"
    await stage.producer.append("spring", numbers(3, first=10))
    await stage.feeder.step()
    assert await stage.counts("spring") == {"delivered": 2, "queued": 3}
    assert await stage.mistakes("spring") == []


async def test_a_campaign_that_is_gone_leaves_the_list(stage: Scene) -> None:
    await stage.redis.zadd(keys.active("athens"), {"nowhere": 1})
    await stage.feeder.step()
    assert await stage.redis.zcard(keys.active("athens")) == 0
