"""The page of queues and workers, and what Redis is warned about."""

import re
import time
from datetime import UTC, datetime

from aiohttp.test_utils import TestClient
from redis.asyncio import Redis

from ops.redis_server import RedisServer
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.pool import connect
from tests.ops.dashboard.visiting import HOSTILE, look, visit
from tests.worker.plain import NAME
from tests.worker.scene import Scene


async def beat(stage: Scene, fields: dict[str, str]) -> None:
    """A heartbeat of one worker, now."""
    await stage.redis.hset(keys.worker("w"), mapping=fields)
    await stage.redis.expire(keys.worker("w"), 60)
    await stage.redis.zadd(keys.WORKERS, {"w": datetime.now(UTC).timestamp()})


async def test_every_lane_shows_what_waits_in_it_and_for_how_long(page: TestClient, stage: Scene) -> None:
    await stage.redis.zadd(keys.queue(NAME, Lane.BULK), {"a": (time.time() - 180) * 1000})
    await stage.redis.zadd(keys.queue(NAME, Lane.URGENT), {"b": (time.time() + 180) * 1000})
    line = b"Nov-21 03:00:00 j_complete=7 j_failed=1 j_retried=2 j_ongoing=3 queued=1"
    await stage.redis.set(f"{keys.queue(NAME, Lane.BULK)}:health-check", line, ex=60)
    seen = await look(page, "/queues")
    assert re.search(rf"{NAME}:bulk 1 0 3 min (\d+ s )?3 7 2 1", seen.plain), seen.plain
    assert f"{NAME}:urgent 0 1 –" in seen.plain
    assert "control-track" in seen.words


async def test_workers_say_what_they_do_and_what_they_wait_for(page: TestClient, stage: Scene) -> None:
    await beat(
        stage, {"roles": "send,track", "host": "box", "pid": "7", f"on_wire:{NAME}": "3", f"waiting:{NAME}": "rate"}
    )
    words = (await look(page, "/queues")).plain
    assert f"box, process 7 live send, track {NAME} 3 {NAME}: rate" in words


async def test_a_job_that_nobody_takes_is_the_verdict_and_leads_to_its_account(
    page: TestClient, stage: Scene
) -> None:
    await beat(stage, {"roles": "send,track"})
    await stage.redis.zadd(keys.queue(NAME, Lane.BULK), {"a": (time.time() - 300) * 1000})
    seen = await look(page, "/")
    assert f"The bulk lane of account {NAME} has had a job ready for 5 minutes that nobody takes." in seen.plain
    assert f"/accounts#account-{NAME}" in seen.loads


async def test_a_redis_that_may_forget_is_warned_about(own_redis_server: RedisServer) -> None:
    redis = connect(own_redis_server.url)
    async with Redis.from_url(own_redis_server.url) as admin:
        await admin.config_set("appendonly", "no")
        await admin.config_set("save", "")
    async with visit(redis) as page:
        seen = await look(page, "/queues")
        assert "Redis keeps nothing on disk: a restart would lose every campaign. Turn appendonly on." in seen.plain
        assert "/queues" in (await look(page, "/")).loads
    await redis.aclose()


async def test_what_is_still_to_be_worked_off_is_counted(page: TestClient, stage: Scene) -> None:
    one, *_ = await stage.fed()
    await stage.submitted(one)
    await stage.redis.xadd(keys.DEAD, {"reason": "x"})
    seen = await look(page, "/queues")
    told = (await (await page.get("/api/queues")).json())["backlogs"]
    assert (told["dead"], told["accounts"][0]["name"], told["accounts"][0]["awaiting"]) == (1, NAME, 1)
    assert "Dead letters 1" in seen.plain


async def test_what_is_hostile_in_a_heartbeat_is_text(page: TestClient, stage: Scene) -> None:
    await beat(stage, {"roles": HOSTILE, "host": HOSTILE, f"waiting:{HOSTILE}": HOSTILE})
    seen = await look(page, "/queues")
    assert seen.tags["img"] == 0
    assert seen.words.count(HOSTILE) >= 3
