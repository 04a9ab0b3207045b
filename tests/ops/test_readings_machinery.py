"""What ops reads of queues, workers, uncertain messages and Redis is what they wrote."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from ops.readings import ServerReading, read_overview, read_queues, read_server, read_uncertain, read_workers
from ops.readings.queues import Health, health_of
from ops.readings.reasons import OWN_WORDS
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName, CampaignId, MessageId
from producer.contract.states import Event
from tests.worker.plain import NAME, plain_account
from tests.worker.scene import Scene, scene
from worker.engine import AccountQueues


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url, plain_account(rate=20.0, in_flight=4)) as made:
        yield made


# --- queues and workers ------------------------------------------------------------------------------


async def test_a_queue_shows_what_is_ready_what_is_taken_and_how_old_the_oldest_is(stage: Scene) -> None:
    one, *_ = await stage.fed()
    await stage.redis.zadd(keys.queue(NAME, Lane.BULK), {str(one): (datetime.now(UTC).timestamp() - 90) * 1000})
    queues = AccountQueues(stage.redis, NAME)
    [bulk] = [queue for queue in await read_queues(stage.redis) if queue.lane is Lane.BULK]
    assert (bulk.name, bulk.size, bulk.ready, bulk.health) == (f"{NAME}:bulk", 3, 3, None)
    assert 89 < bulk.oldest < 150
    await queues.take(2)
    await queues.record_health(2)
    [bulk] = [queue for queue in await read_queues(stage.redis) if queue.lane is Lane.BULK]
    assert (bulk.size, bulk.ready) == (3, 1)
    assert bulk.health is not None
    assert (bulk.health.ongoing, bulk.health.queued) == (2, 3)


async def test_every_lane_of_every_account_is_there_and_the_control_queues(stage: Scene) -> None:
    names = [queue.name for queue in await read_queues(stage.redis)]
    assert names == [f"{NAME}:urgent", f"{NAME}:bulk", "control-send", "control-track"]


@pytest.mark.parametrize(
    ("line", "health"),
    [
        (  # captured: arq 0.28, Worker.record_health
            b"Nov-21 00:20:56 j_complete=45 j_failed=1 j_retried=2 j_ongoing=3 queued=4",
            Health(complete=45, failed=1, retried=2, ongoing=3, queued=4),
        ),
        (None, None),
        (b"", None),
        (b"\xff\xfe j_complete=lots", None),
    ],
)
def test_arqs_health_line_is_read_and_anything_else_is_none(line: bytes | None, health: Health | None) -> None:
    assert health_of(line) == health


async def beat(redis: Redis, worker: str, *, ago: float, clock_off: float = 0.0, life: int = 60) -> None:
    """A heartbeat as worker.process writes it, `ago` seconds back, by a host whose clock is off."""
    at = datetime.now(UTC).timestamp() - ago + clock_off
    fields = {
        "roles": "send,track",
        "host": "h1",
        "pid": "7",
        "started_at": "1700000000",
        "beat_at": str(int(at)),
        "on_wire:athens": "3",
        "waiting:athens": "rate",
        "waiting:moscow": "",
    }
    await redis.hset(keys.worker(worker), mapping=fields)
    await redis.pexpire(keys.worker(worker), int((life - ago) * 1000))
    await redis.zadd(keys.WORKERS, {worker: at})


async def test_a_heartbeat_says_who_works_where_on_what_and_what_it_waits_for(redis: Redis) -> None:
    await beat(redis, "w1", ago=1.0)
    [worker] = await read_workers(redis)
    assert (worker.id, worker.host, worker.pid, worker.roles) == ("w1", "h1", 7, {"send", "track"})
    assert (worker.on_wire, worker.waiting) == ({"athens": 3}, {"athens": "rate"})
    assert worker.started_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert worker.is_live


async def test_a_worker_is_live_by_redis_clock_whatever_the_clock_of_its_host_says(redis: Redis) -> None:
    await beat(redis, "ahead", ago=1.0, clock_off=3000)
    await beat(redis, "behind", ago=1.0, clock_off=-3000)
    await beat(redis, "silent", ago=6.0)
    assert {worker.id: worker.is_live for worker in await read_workers(redis)} == {
        "ahead": True,
        "behind": True,
        "silent": False,
    }


async def test_a_worker_that_died_is_listed_for_an_hour(redis: Redis) -> None:
    now = datetime.now(UTC).timestamp()
    await redis.zadd(keys.WORKERS, {"died": now - 1800, "long ago": now - 7200})
    [worker] = await read_workers(redis)
    assert (worker.id, worker.is_live, worker.roles) == ("died", False, frozenset())


# --- uncertain, Redis, everything --------------------------------------------------------------------


async def test_uncertain_messages_come_oldest_first_with_the_reason(stage: Scene) -> None:
    one, two, three = await stage.fed()
    await stage.claim(one, two, three)
    for message, since in ((one, 300), (two, 100), (three, 200)):
        await stage.record(message, Event.DOUBT, reference="", code="volley.answer_lost")
        await stage.redis.zadd(keys.uncertain(NAME), {str(message): since})
    page = await read_uncertain(stage.redis, limit=2)
    assert [item.message for item in page.messages] == [two, three]
    assert page.total == 3
    assert page.messages[0].since == datetime.fromtimestamp(100, UTC)
    assert {(item.code, item.words) for item in page.messages} == {
        ("volley.answer_lost", OWN_WORDS["volley.answer_lost"])
    }
    assert [item.message for item in (await read_uncertain(stage.redis, offset=2)).messages] == [one]
    assert (await read_uncertain(stage.redis, account=AccountName("other"))).total == 0


async def test_an_uncertain_message_whose_campaign_is_gone_is_still_listed(stage: Scene) -> None:
    lost = MessageId(campaign=CampaignId("gone"), chunk=0, place=3)
    await stage.redis.zadd(keys.uncertain(NAME), {str(lost): 100})
    [item] = (await read_uncertain(stage.redis)).messages
    assert (item.message, item.code) == (lost, "")


async def test_redis_says_what_it_is_and_that_it_keeps_things_on_disk(redis: Redis) -> None:
    server = await read_server(redis)
    assert server.version
    assert server.memory > 0
    assert server.clients >= 1
    assert server.persists is True
    assert not server.writes_fail
    assert not server.may_evict
    assert (server.appends, server.fsync, server.evicted) == (True, "everysec", 0)
    assert not server.is_cluster
    assert not server.is_replica
    assert server.machine > server.memory


def test_a_server_evicts_only_when_it_has_a_limit_and_a_policy_to_do_so() -> None:
    cases = {(0, "allkeys-lru"): False, (100, "noeviction"): False, (100, "allkeys-lru"): True}
    base = ServerReading()
    assert {case: replace(base, memory_limit=case[0], policy=case[1]).may_evict for case in cases} == cases


async def test_an_overview_costs_redis_the_same_for_three_messages_as_for_two_thousand(stage: Scene) -> None:
    async def commands() -> int:
        before = (await stage.redis.info("stats"))["total_commands_processed"]
        await read_overview(stage.redis)
        return int((await stage.redis.info("stats"))["total_commands_processed"]) - int(before)

    await stage.fed("small", 3)
    await read_overview(stage.redis)  # opens the connections, which is commands too
    few = min([await commands() for _ in range(3)])  # a busy machine may open one more connection, once
    await stage.producer.append("small", [f"3069{20000000 + place}" for place in range(2000)])
    await stage.feeder.step()
    assert min([await commands() for _ in range(3)]) == few
