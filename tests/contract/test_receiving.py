"""The intake stream: nothing put on it is lost, nothing stops the worker, nothing blocks behind a bad entry."""

import asyncio
import json
from unittest.mock import AsyncMock

from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import CampaignId
from producer.intake import TakenOverError
from tests.contract.receiving import dead, pending, put, receiver, running, settled, take_all
from tests.support import wait_until
from worker.receiving import _FORGET_CONSUMERS, GROUP

SUBMIT = {"campaign": "spring", "account": "athens", "text": "Hello", "recipients": ["306912345678"]}


async def test_an_append_that_is_read_before_its_campaign_is_stored_waits_for_it(
    redis: Redis, redis_url: str
) -> None:
    """Two workers read side by side: one stores the campaign while the other holds the append of its rest.

    The append went to the dead letters, and with it ten thousand recipients.
    """
    async with receiver(redis_url, patience=10) as made, running(made) as task:
        await put(redis, "campaign.append", json.dumps({"campaign": "spring", "recipients": ["306912345679"]}))
        await wait_until(lambda: pending(redis), description="the append is read")
        await put(redis, "campaign.submit", json.dumps(SUBMIT))
        await settled(redis, task)
    assert await redis.hget(keys.campaign(CampaignId("spring")), "total") == b"2"
    assert await dead(redis) == []


async def test_nothing_waits_behind_an_entry_that_waits(redis: Redis, redis_url: str) -> None:
    async with receiver(redis_url, patience=10) as made, running(made):
        await put(redis, "campaign.pause", json.dumps({"campaign": "nobody"}))
        await put(redis, "campaign.submit", json.dumps(SUBMIT))
        await wait_until(
            lambda: redis.hget(keys.campaign(CampaignId("spring")), "total"), description="the campaign is stored"
        )

        async def is_settled() -> bool:
            return await pending(redis) == 1

        await wait_until(is_settled, description="the campaign's entry is settled, and the other one waits")


async def test_a_campaign_id_that_is_part_of_another_key_is_refused(redis: Redis, redis_url: str) -> None:
    """`volley:campaign:spring:refusals` is a list: reading it as a campaign was a Redis error, for which the
    whole reading stopped, and came back to the same entry every minute; those behind it were never taken.
    """
    await redis.rpush(keys.refusals(CampaignId("spring")), "{}")
    await put(redis, "campaign.pause", json.dumps({"campaign": "spring:refusals"}))
    await put(redis, "campaign.submit", json.dumps({**SUBMIT, "campaign": "summer"}))
    await take_all(redis, redis_url)
    assert await redis.hget(keys.campaign(CampaignId("summer")), "total") == b"1"
    assert [entry["reason"].split(":")[0] for entry in await dead(redis)] == ["'campaign' 'spring"]


async def test_an_entry_that_fails_in_an_unforeseen_way_is_tried_again_and_then_buried(
    redis: Redis, redis_url: str
) -> None:
    """Anything but a ValueError ended the receiving, the worker with it, and again at its next start."""
    entry = await put(redis, "campaign.submit", json.dumps(SUBMIT))
    await put(redis, "campaign.submit", json.dumps({**SUBMIT, "campaign": "summer"}))
    async with receiver(redis_url, idle=0.05) as made:
        whole = made._producer.submit

        async def submit(**asked: object) -> object:
            if asked["campaign_id"] == "spring":
                raise TypeError("text of somebody")
            return await whole(**asked)

        made._producer.submit = submit
        async with running(made) as task:
            await settled(redis, task)
    assert await redis.hget(keys.campaign(CampaignId("summer")), "total") == b"1"
    [buried] = await dead(redis)
    assert buried["entry"] == entry.decode()
    assert buried["reason"] == "failed 5 times, last with TypeError"
    assert json.loads(buried["body"]) == SUBMIT


async def test_an_entry_whose_campaign_another_worker_is_storing_is_tried_again(redis: Redis, redis_url: str) -> None:
    """The same submit put twice, read by two workers: the slower one was thrown out by the other, and died of it."""
    await put(redis, "campaign.submit", json.dumps(SUBMIT))
    async with receiver(redis_url, idle=0.05) as made:
        whole = made._producer.submit
        made._producer.submit = AsyncMock(side_effect=[TakenOverError("another submit took over"), None])
        async with running(made) as task:
            await settled(redis, task)
        assert made._producer.submit.await_count == 2
        made._producer.submit = whole
    assert await dead(redis) == []


async def test_redis_going_away_inside_an_entry_loses_nothing(redis: Redis, redis_url: str) -> None:
    await put(redis, "campaign.submit", json.dumps(SUBMIT))
    async with receiver(redis_url, idle=0.05) as made:
        whole = made._producer.submit
        failures = [ConnectionError("gone")]

        async def submit(**asked: object) -> object:
            if failures:
                raise failures.pop()
            return await whole(**asked)

        made._producer.submit = submit
        async with running(made) as task:
            await settled(redis, task)
    assert await redis.hget(keys.campaign(CampaignId("spring")), "total") == b"1"


async def test_an_entry_that_a_dead_worker_left_is_taken_over(redis: Redis, redis_url: str) -> None:
    await put(redis, "campaign.submit", json.dumps(SUBMIT))
    await redis.xgroup_create(keys.INTAKE, GROUP, "0")
    await redis.xreadgroup(GROUP, "a-worker-that-dies", {keys.INTAKE: ">"}, 1)
    async with receiver(redis_url, idle=0.05) as made, running(made) as task:
        await settled(redis, task)
    assert await redis.hget(keys.campaign(CampaignId("spring")), "total") == b"1"


async def test_an_entry_that_somebody_deleted_meanwhile_stops_nothing(redis: Redis, redis_url: str) -> None:
    """Redis 6.2 hands such entries over as None, and None has no `decode`: the worker died of it."""
    async with receiver(redis_url) as made:
        await made._handle([(None, None)])


async def test_a_message_without_a_key_is_sent_once_although_it_is_taken_twice(redis: Redis, redis_url: str) -> None:
    """`"key": ""` was given a key by chance, so that a crash before the acknowledgement sent it twice."""
    body = json.dumps({"account": "athens", "to": "6912345678", "text": "Hello", "key": ""})
    fields = {b"v": b"1", b"type": b"message.send", b"body": body.encode()}
    async with receiver(redis_url) as made:
        await made.take("1-0", fields)
        await made.take("1-0", fields)
        assert await redis.zcard(keys.queue("athens", Lane.URGENT)) == 1
        await made.take("2-0", fields)
        assert await redis.zcard(keys.queue("athens", Lane.URGENT)) == 2


async def test_consumers_that_are_gone_are_forgotten_and_those_with_entries_kept(
    redis: Redis, redis_url: str
) -> None:
    """Every start of a worker made a consumer, and nobody ever took one away."""
    await put(redis, "campaign.submit", json.dumps(SUBMIT))
    await redis.xgroup_create(keys.INTAKE, GROUP, "0")
    await redis.xreadgroup(GROUP, "holds-an-entry", {keys.INTAKE: ">"}, 1)
    await redis.xgroup_createconsumer(keys.INTAKE, GROUP, "holds-nothing")
    async with receiver(redis_url) as made:
        assert await _FORGET_CONSUMERS.run(made._redis, [keys.INTAKE], [GROUP, -1]) == 1
    names = {consumer["name"] for consumer in await redis.xinfo_consumers(keys.INTAKE, GROUP)}
    assert names == {b"holds-an-entry"}


async def test_a_long_field_of_a_refused_entry_is_cut_and_says_so(redis: Redis, redis_url: str) -> None:
    await put(redis, "campaign.submit", "{" + "x" * 70_000)
    await take_all(redis, redis_url)
    [buried] = await dead(redis)
    assert len(buried["body"]) == 65_536
    assert buried["cut"] == "body"


async def test_a_cancellation_is_never_lost(redis: Redis, redis_url: str) -> None:
    """`asyncio.wait_for` of Python 3.11 drops a cancellation that comes when its work is just done, and redis-py
    sends every command with it: about every second stop in the first milliseconds hung for ever.
    """
    for turn in range(20):
        async with receiver(redis_url) as made:
            task = asyncio.create_task(made.run())
            await asyncio.sleep(turn * 0.0002)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=60)
            assert done, f"cancelled after {turn * 0.2} ms"


async def test_the_group_is_made_once_and_not_before_every_reading(redis: Redis, redis_url: str) -> None:
    """It was asked for twice a second: each refusal left 27 objects in a cycle, half a megabyte a minute."""
    await redis.config_resetstat()
    async with receiver(redis_url) as made, running(made) as task:
        for name in ("spring", "summer", "autumn"):
            await put(redis, "campaign.submit", json.dumps({**SUBMIT, "campaign": name}))
            await settled(redis, task)
    calls = await redis.info("commandstats")
    assert calls["cmdstat_xreadgroup"]["calls"] >= 3
    assert calls["cmdstat_xgroup|create"]["calls"] == 1


async def test_a_stream_that_redis_lost_is_read_again(redis: Redis, redis_url: str) -> None:
    async with receiver(redis_url) as made, running(made) as task:
        await put(redis, "campaign.submit", json.dumps(SUBMIT))
        await settled(redis, task)
        await redis.delete(keys.INTAKE)
        await put(redis, "campaign.submit", json.dumps({**SUBMIT, "campaign": "summer"}))
        await wait_until(
            lambda: redis.hget(keys.campaign(CampaignId("summer")), "total"), description="the campaign is stored"
        )
