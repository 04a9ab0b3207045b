"""close.lua, close_rest.lua, requeue.lua, and when a campaign is finished."""

from datetime import UTC, datetime, timedelta

import pytest

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.states import Event, State
from tests.worker.scene import Scene, numbers


async def test_cancel_leaves_no_queued_message_behind_registered_or_not(stage: Scene) -> None:
    messages = await stage.fed(count=1200)
    await stage.claim(messages[0])
    assert (await stage.reader.place("spring")).fed < 3, "some were to be unregistered"
    await stage.producer.cancel("spring")
    assert await stage.close("spring") == 1199
    assert await stage.counts("spring") == {"in_flight": 1, "cancelled": 1199}
    assert await stage.queued() == {str(messages[0])}
    assert await stage.mistakes("spring") == []


async def test_closing_twice_ends_nobody_twice(stage: Scene) -> None:
    await stage.fed(count=700)
    await stage.producer.cancel("spring")
    assert await stage.close("spring") == 700
    assert await stage.close("spring") == 0
    assert await stage.counts("spring") == {"cancelled": 700}
    assert await stage.mistakes("spring") == []


async def test_a_cancelled_campaign_is_over_when_its_last_message_on_the_wire_is(stage: Scene) -> None:
    first, *_ = await stage.fed()
    await stage.submitted(first)
    await stage.producer.cancel("spring")
    await stage.feeder.step()
    assert await stage.redis.hget(keys.campaign("spring"), "finished_at") is None
    await stage.apply(first, Event.REPORT_DELIVERED)
    assert await stage.redis.hget(keys.campaign("spring"), "finished_at") is not None
    assert await stage.campaign_state("spring") == "cancelled"
    assert await stage.mistakes("spring") == []


async def test_a_campaign_is_finished_when_and_only_when_all_are_final(stage: Scene) -> None:
    messages = await stage.fed(count=4)
    ends = (Event.REPORT_DELIVERED, Event.REPORT_UNDELIVERED, Event.REPORT_EXPIRED)
    for message, event in zip(messages, ends, strict=False):
        await stage.submitted(message, reference=f"r{message.place}")
        await stage.apply(message, event)
        assert await stage.campaign_state("spring") == "running"
    await stage.claim(messages[3])
    await stage.record(messages[3], Event.REJECT)
    assert await stage.campaign_state("spring") == "finished"
    assert await stage.redis.zcard(keys.active("athens")) == 0
    assert await stage.mistakes("spring") == []


async def test_a_paused_campaign_finishes_too(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    await stage.submitted(message)
    await stage.producer.pause("spring")
    await stage.apply(message, Event.REPORT_DELIVERED)
    assert await stage.campaign_state("spring") == "finished"


async def test_an_uncertain_message_keeps_its_campaign_open(stage: Scene) -> None:
    first, second = await stage.fed(count=2)
    await stage.submitted(first)
    await stage.apply(first, Event.REPORT_DELIVERED)
    await stage.claim(second)
    await stage.record(second, Event.DOUBT)
    assert await stage.campaign_state("spring") == "running"
    assert await stage.mistakes("spring") == []


async def test_past_validity_expires_what_was_not_claimed_with_its_reason(stage: Scene) -> None:
    messages = await stage.fed(count=1200)
    await stage.submitted(messages[0])
    assert await stage.close("spring", Event.EXPIRE, "volley.past_validity") == 1199
    assert await stage.counts("spring") == {"submitted": 1, "expired": 1199}
    assert (await stage.producer.progress("spring")).reasons == {"volley.past_validity": 1199}
    assert await stage.mistakes("spring") == []


@pytest.mark.parametrize("was_finished", [False, True])
async def test_recipients_appended_after_the_validity_expire_as_the_others_did(
    stage: Scene,
    was_finished: bool,  # noqa: FBT001
) -> None:
    """The rest of a campaign was closed once, and remembered as closed for good.

    Recipients who were appended later were never registered and never closed: queued for ever.
    """
    messages = await stage.fed(count=3, not_after=datetime.now(UTC) + timedelta(hours=1))
    if not was_finished:
        await stage.submitted(messages[0])
    await stage.close("spring", Event.EXPIRE, "volley.past_validity")
    await stage.producer.append("spring", numbers(2, first=100))
    await stage.close("spring", Event.EXPIRE, "volley.past_validity")
    counts = await stage.counts("spring")
    assert counts == ({"expired": 5} if was_finished else {"submitted": 1, "expired": 4})
    assert await stage.mistakes("spring") == []


async def test_requeue_makes_only_the_jobs_that_are_missing(stage: Scene) -> None:
    first, second, third = await stage.fed()
    await stage.submitted(first)
    assert await stage.requeue("spring") == 0
    await stage.redis.zrem(keys.queue("athens", Lane.BULK), str(second))
    await stage.redis.delete(JOB_PREFIX + str(third))
    assert await stage.requeue("spring") == 1
    assert await stage.queued() == {str(second), str(third)}
    assert await stage.mistakes("spring") == []


async def test_requeue_keeps_each_message_waiting_for_its_time(stage: Scene) -> None:
    first, second, _ = await stage.fed()
    await stage.claim(first)
    await stage.claim(second)
    await stage.record(second, Event.DEFER, seconds=1000)
    await stage.redis.delete(keys.queue("athens", Lane.BULK))
    await stage.requeue("spring")
    scores = dict(await stage.redis.zrange(keys.queue("athens", Lane.BULK), 0, -1, withscores=True))
    assert scores[str(first).encode()] >= (await stage.record_of(first)).due_at * 1000
    assert scores[str(second).encode()] >= (await stage.record_of(second)).due_at * 1000


async def test_requeue_does_nothing_while_the_campaign_is_paused(stage: Scene) -> None:
    await stage.fed()
    await stage.producer.pause("spring")
    await stage.redis.delete(keys.queue("athens", Lane.BULK))
    assert await stage.requeue("spring") == 0
    assert await stage.queued() == set()


async def test_pause_and_resume_lose_nobody_and_send_nobody_twice(stage: Scene) -> None:
    first, second, third = await stage.fed()
    await stage.submitted(first)
    await stage.producer.pause("spring")
    await stage.claim(second)
    await stage.producer.resume("spring")
    await stage.feeder.step()
    assert await stage.queued() == {str(second), str(third)}
    assert await stage.state_of(first) is State.SUBMITTED
    assert await stage.mistakes("spring") == []
