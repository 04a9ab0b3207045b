"""Buttons pressed and workers alive, for tests of the page."""

from datetime import UTC, datetime

from aiohttp.test_utils import TestClient

from producer.contract import keys
from tests.ops.dashboard.visiting import look, send
from tests.worker.scene import Scene


async def press(page: TestClient, campaign: str, action: str, **headers: str) -> int:
    """Press a button of a campaign's page."""
    return (await send(page, f"/campaigns/{campaign}/{action}", **headers)).status


async def beat(stage: Scene, fields: dict[str, str]) -> None:
    """A heartbeat of one worker, now."""
    await stage.redis.hset(keys.worker("w"), mapping=fields)
    await stage.redis.expire(keys.worker("w"), 60)
    await stage.redis.zadd(keys.WORKERS, {"w": datetime.now(UTC).timestamp()})


async def says(page: TestClient, words: str) -> bool:
    return words in (await look(page)).words
