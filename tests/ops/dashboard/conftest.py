"""A stage with one account, and browsers that are in or not."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis

from ops.dashboard.access import Access
from ops.dashboard.access.passwords import NOBODY
from producer.contract.client import Client
from producer.pool import connect
from tests.ops.dashboard.entering import CHEAP, USERS
from tests.ops.dashboard.visiting import credentials, visit
from tests.worker.scene import Scene, scene


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url) as made:
        yield made


@pytest.fixture
async def page(stage: Scene) -> AsyncIterator[TestClient]:
    async with visit(stage.redis) as client:
        yield client


@pytest.fixture
async def client(redis: Redis, redis_url: str) -> AsyncIterator[Client]:
    client = connect(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def guarded(client: Client, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestClient]:
    """A page with users and tokens, and a browser that is not in."""
    monkeypatch.setattr("ops.dashboard.access.credentials.NOBODY", replace(NOBODY, **CHEAP))
    access = Access(credentials=credentials(VOLLEY_WEB_USERS=USERS, VOLLEY_WEB_PROXIES="1"))
    async with visit(client, access=access, known=None) as page:
        yield page


@pytest.fixture
async def local(client: Client) -> AsyncIterator[TestClient]:
    """A page without credentials, and a browser that is not in."""
    async with visit(client, known=None) as page:
        yield page
