"""Live updates: one reading for all who look, told by server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis

from ops.dashboard.access import HEADERS
from ops.dashboard.rooms import live
from ops.web import WATCH
from producer.pool import connect
from tests.ops.dashboard.visiting import visit


@pytest.fixture
async def page(redis: Redis, redis_url: str) -> AsyncIterator[TestClient]:
    client = connect(redis_url)
    async with visit(client) as page:
        yield page
    await client.aclose()


async def event(stream: ClientResponse) -> dict[str, object]:
    """The next event's data."""
    async with asyncio.timeout(60):
        async for line in stream.content:
            if line.startswith(b"data: "):
                told: dict[str, object] = orjson.loads(line[6:])
                return told
    raise AssertionError("the stream ended")


async def test_every_reading_is_told_to_everybody_who_looks(page: TestClient) -> None:
    streams = [await page.get("/live") for _ in range(5)]
    assert {stream.headers["Content-Type"] for stream in streams} == {"text/event-stream"}
    assert {name: streams[0].headers.get(name) for name in HEADERS} == dict(HEADERS)
    first = [await event(stream) for stream in streams]
    reading = page.app[WATCH].version
    await page.app[WATCH].look()
    assert page.app[WATCH].version <= reading + 2, "ours, and one of its own meanwhile; not five"
    async with asyncio.timeout(60):
        for stream in streams:
            while (told := await event(stream))["version"] <= reading:  # type: ignore[operator]  # JSON
                pass
            assert told["level"] in {"ok", "notice", "wrong"}
    assert all(told["version"] <= reading for told in first)  # type: ignore[operator]  # JSON


async def test_more_streams_than_a_process_holds_are_refused_and_one_that_ends_makes_room(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_MOST", 1)
    stream = await page.get("/live")
    assert (await page.get("/live")).status == 503
    stream.close()

    async with asyncio.timeout(60):
        while (await page.get("/live")).status != 200:
            await page.app[WATCH].look()


async def test_streams_end_when_the_process_does(page: TestClient) -> None:
    stream = await page.get("/live")
    await event(stream)
    page.app[WATCH].close()
    async with asyncio.timeout(60):
        rest = await stream.content.read()
    assert rest.endswith(b"\n\n") or not rest


async def test_a_stream_is_only_for_who_is_in(page: TestClient) -> None:
    page.session.cookie_jar.clear()
    assert (await page.get("/live")).status == 401
