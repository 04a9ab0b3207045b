"""The stage of the worker's tests as a fixture."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.worker.scene import Scene, scene


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    """One account on an empty Redis."""
    async with scene(redis_url) as made:
        yield made
