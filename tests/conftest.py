"""Every test runs against a real embedded Redis and the real sandbox, both private to this run of pytest."""

import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from subprocess import PIPE
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from ops.redis_server import RedisServer
from tests.support import CHECKOUT, first_line, key_leaks, running

SLOW: Final = {CHECKOUT / "tests" / folder for folder in ("browser", "flow", "reliability")}

# No example is measured by the clock: what a busy machine takes its time for is no finding.
# A CI run says the same of the same commit; on a desk every run tries new examples.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Flows and browsers are slow. Where tests run at once the slow ones come first: none is left for the end."""
    for item in items:
        if not SLOW.isdisjoint(item.path.parents):
            item.add_marker(pytest.mark.slow)
    if hasattr(config, "workerinput"):  # in a worker of pytest-xdist
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session", autouse=True)
def _own_redis_only() -> Iterator[None]:
    """No test may ever touch (and empty) a Redis or an account that the developer's shell points to."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("REDIS_URL", "VOLLEY_CONFIG"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The server that all tests share. Do not kill it: ask for `own_redis_server` for that."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
def own_redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of this test alone: it may `kill()`, `stop()`, `start()` and `restart()` it."""
    with RedisServer(tmp_path / "own-redis") as server:
        yield server


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """An empty Redis. What the test leaves in it must be in the key catalogue, with a TTL where it says so."""
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
        yield client
        leaks = await key_leaks(client)
    assert not leaks, "\n".join(leaks)


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """The sandbox of this run, not emptied between tests: ask for `sandbox` instead."""
    command = [sys.executable, "-m", "ops.sandbox", "--port", "0"]
    with tempfile.TemporaryFile("w+") as log, running(command, stdout=PIPE, stderr=log) as process:
        yield json.loads(first_line(process, log))["sandbox"]


@pytest.fixture
def sandbox(sandbox_url: str) -> str:
    """The address of a sandbox that has seen nothing yet."""
    request = urllib.request.Request(f"{sandbox_url}/sandbox/reset", data=b"", method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status < 300, answer.status
    return sandbox_url
