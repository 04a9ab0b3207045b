"""The sweeper: what the ledger knows, it can rebuild; what has had its time, it deletes whole."""

from datetime import UTC, datetime, timedelta

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.states import Event, State
from tests.worker.scene import Scene, numbers
from worker.ledger import LedgerReader
from worker.ledger.moves import ClaimAnswer
from worker.settings import Retention
from worker.sweeping import Sweeper


def sweeper(stage: Scene, *, finished_for: float = 3600.0) -> Sweeper:
    return Sweeper(stage.redis, stage.ledger, stage.reader, Retention(finished_for=finished_for))


async def lose_queues(stage: Scene) -> None:
    """As after a Redis that came back without its last seconds."""
    await stage.redis.delete(*[keys.queue("athens", lane) for lane in Lane])
    async for name in stage.redis.scan_iter(f"{JOB_PREFIX}*"):
        await stage.redis.delete(name.decode())


async def test_lost_jobs_are_made_anew_for_what_waits_or_is_in_flight_and_for_nothing_else(stage: Scene) -> None:
    messages = await stage.fed(count=5)
    queued, flying, deferred, sent, over = messages
    await stage.claim(flying)
    await stage.claim(deferred)
    await stage.record(deferred, Event.DEFER)
    await stage.submitted(sent, reference="r1")
    await stage.submitted(over, reference="r2")
    await stage.apply(over, Event.REPORT_DELIVERED)
    await lose_queues(stage)
    assert await sweeper(stage).step() == 3
    assert await stage.queued() == {str(message) for message in (queued, flying, deferred)}
    assert await stage.mistakes("spring") == []
    assert await sweeper(stage).step() == 0


async def test_a_lost_urgent_message_is_found_again(stage: Scene) -> None:
    message = await stage.producer.send_one(account_name="athens", to=numbers(1)[0], text="code 1")
    await lose_queues(stage)
    assert await sweeper(stage).step() == 1
    assert await stage.queued(Lane.URGENT) == {str(message)}


async def test_a_large_campaign_is_repaired_piece_by_piece(stage: Scene) -> None:
    await stage.submit(count=3 * CHUNK_SIZE)
    for _ in range(8):
        await stage.feeder.step()
        await lose_queues(stage)
    work = sweeper(stage)
    found = [await work.step(chunks=1) for _ in range(4)]
    assert found == [CHUNK_SIZE, CHUNK_SIZE, CHUNK_SIZE, 0]


async def test_a_campaign_that_is_over_is_no_longer_remembered(stage: Scene) -> None:
    """How far it had got was kept for ever: some 200 bytes a campaign, in the process that sweeps."""
    work = sweeper(stage)
    for name in ("spring", "summer"):
        messages = await stage.fed(name, count=2)
        await work.step()
        assert list(work._next_chunk) == [name]
        for message in messages:
            await stage.submitted(message, reference=f"{message}")
            await stage.apply(message, Event.REPORT_DELIVERED)
        await work.step()
        assert work._next_chunk == {}


async def test_a_campaign_that_nobody_feeds_is_put_back_on_the_list(stage: Scene) -> None:
    await stage.submit(count=3)
    await stage.redis.delete(keys.active("athens"))
    await sweeper(stage).step()
    await stage.feeder.step()
    assert len(await stage.queued()) == 3


async def test_a_cancelled_campaign_that_nobody_closed_is_closed(stage: Scene) -> None:
    await stage.fed()
    await stage.producer.cancel("spring")
    await stage.redis.delete(keys.active("athens"))
    await sweeper(stage).step()
    await stage.feeder.step()
    assert await stage.counts("spring") == {"cancelled": 3}


async def test_a_paused_campaign_is_left_alone(stage: Scene) -> None:
    await stage.fed()
    await stage.producer.pause("spring")
    await lose_queues(stage)
    assert await sweeper(stage).step() == 0
    assert await stage.queued() == set()


async def test_a_campaign_past_its_retention_is_gone_to_the_last_key(stage: Scene) -> None:
    before = {key async for key in stage.redis.scan_iter()}
    await stage.submit("spring", 3, recipients=[*numbers(3), "12"])
    await stage.feeder.step()
    await stage.producer.append("spring", numbers(700, first=10))
    while await stage.feeder.step():
        await stage.redis.delete(keys.queue("athens", Lane.BULK))
    place = await stage.reader.place("spring")
    for chunk in range(place.chunks):
        for spot in await stage.redis.hgetall(keys.records("spring", chunk)):
            await stage.redis.hset(keys.records("spring", chunk), spot.decode(), "q|0|1|0||")
    await stage.close("spring", Event.EXPIRE, "volley.past_validity")
    await stage.redis.hset(keys.delivery("spring"), "delivery_le_1", 1)
    await stage.redis.hset(keys.spent("spring"), "cost", 1)
    work = sweeper(stage, finished_for=0.0)
    await work.step()
    after = {key async for key in stage.redis.scan_iter() if b":job:" not in key and b"control" not in key}
    assert after - before == set()


async def test_a_campaign_within_its_retention_or_not_over_stays(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    await sweeper(stage, finished_for=0.0).step()
    assert await stage.state_of(message) is State.QUEUED
    await stage.submitted(message)
    await stage.apply(message, Event.REPORT_DELIVERED)
    await sweeper(stage, finished_for=3600.0).step()
    assert await stage.state_of(message) is State.DELIVERED


async def test_a_day_of_single_messages_ends_when_all_are_final_and_the_day_is_over(stage: Scene) -> None:
    message = await stage.producer.send_one(account_name="athens", to=numbers(1)[0], text="code 1")
    await stage.claim(message, lane=Lane.URGENT)
    await stage.record(message, Event.REJECT)
    await sweeper(stage).step()
    assert await stage.campaign_state(message.campaign) == "running"
    view = await stage.reader.campaign(message.campaign)
    assert view is not None
    old = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    spec = (await stage.redis.hget(keys.campaign(message.campaign), "spec")).decode()
    told = view.campaign.created_at.isoformat()
    await stage.redis.hset(keys.campaign(message.campaign), "spec", spec.replace(told, old))
    fresh = Sweeper(stage.redis, stage.ledger, LedgerReader(stage.redis), Retention())
    await fresh.step()
    assert await stage.campaign_state(message.campaign) == "finished"


async def test_an_id_that_is_used_again_after_its_retention_means_the_new_campaign(stage: Scene) -> None:
    """A process that had sent the old campaign kept its text and its chunks in memory.

    The new campaign of that id was sent with the old text, to the old recipients, until the claim compared
    versions: it refuses what was prepared from another campaign, and the process reads anew.
    """
    [message] = await stage.fed(count=1)
    await stage.reader.recipients([message])
    await stage.submitted(message)
    await stage.apply(message, Event.REPORT_DELIVERED)
    await Sweeper(stage.redis, stage.ledger, LedgerReader(stage.redis), Retention(finished_for=0.0)).step()
    await stage.submit("spring", 1, text="something else", recipients=numbers(1, first=500))
    old = await stage.reader.campaign(message.campaign)
    await stage.feeder.step()
    [[claimed]] = await stage.ledger.claim([stage.request([message], version=old.version)])
    assert claimed.answer is ClaimAnswer.CHANGED
    stage.reader.forget(message.campaign)
    view = await stage.reader.campaign(message.campaign)
    recipients = await stage.reader.recipients([message])
    assert (view.campaign.text, recipients[message].msisdn) == ("something else", numbers(1, first=500)[0])
    [[claimed]] = await stage.ledger.claim([stage.request([message], version=view.version)])
    assert claimed.answer is ClaimAnswer.CLAIMED


async def test_an_expired_body_is_made_anew_under_its_job(stage: Scene) -> None:
    """arq drops a job without a body unseen; its body lives for a week, a campaign may wait for longer."""
    messages = await stage.fed(count=3)
    before = await stage.redis.zrange(keys.queue("athens", Lane.BULK), 0, -1)
    async for name in stage.redis.scan_iter(f"{JOB_PREFIX}*/*"):
        await stage.redis.delete(name.decode())
    await sweeper(stage).step()
    assert await stage.redis.exists(*(JOB_PREFIX + str(message) for message in messages)) == 3
    assert await stage.redis.zrange(keys.queue("athens", Lane.BULK), 0, -1) == before
    assert await stage.mistakes("spring") == []


async def test_a_dead_claim_without_a_job_is_found_and_becomes_uncertain(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    await stage.claim(message)
    await stage.make_due(message)
    await lose_queues(stage)
    assert await sweeper(stage).step() == 1
    [again] = await stage.claim(message)
    assert again.answer is ClaimAnswer.DOUBT
    assert await stage.uncertain() == {str(message)}
    assert await stage.mistakes("spring") == []


async def test_a_retirement_that_was_broken_off_is_brought_to_its_end(stage: Scene) -> None:
    """Records go first and the campaign last: as long as anything of it is left it can be found."""
    [message] = await stage.fed(count=1)
    await stage.submitted(message)
    await stage.apply(message, Event.REPORT_DELIVERED)
    await stage.redis.delete(keys.records("spring", 0), keys.chunks("spring"), keys.counts("spring"))
    await sweeper(stage, finished_for=0.0).step()
    left = [key async for key in stage.redis.scan_iter("volley:campaign:*")]
    assert left == []
    assert await stage.redis.zrange(keys.CAMPAIGNS, 0, -1) == []
