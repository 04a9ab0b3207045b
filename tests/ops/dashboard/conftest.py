"""A stage with one account, and a browser that is in."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis

from tests.ops.dashboard.visiting import visit
from tests.worker.scene import Scene, scene


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url) as made:
        yield made


@pytest.fixture
async def page(stage: Scene) -> AsyncIterator[TestClient]:
    async with visit(stage.redis) as client:
        yield client
