"""What the page tells machines, and its process: without Redis, until it is cancelled, on SIGTERM."""

import asyncio
import logging
import os
import signal
import sys
from datetime import datetime
from subprocess import PIPE

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis
from structlog.testing import capture_logs
from yarl import URL

from ops import web
from ops.redis_server import RedisServer
from ops.web import WATCH, serve
from producer.pool import connect
from tests.ops.dashboard.pressing import beat, says
from tests.ops.dashboard.visiting import look, visit
from tests.support import PATIENCE, first_line, running, wait_until
from tests.worker.plain import NAME
from tests.worker.scene import Scene


async def test_the_overview_as_json_has_what_the_page_has(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    await page.app[WATCH].look()
    told = await (await page.get("/api/overview")).json()
    assert told["verdict"]["level"] == "wrong"
    assert [account["name"] for account in told["accounts"]] == [NAME]
    [campaign] = told["campaigns"]
    assert (campaign["id"], campaign["total"], campaign["to_send"], campaign["states"]["queued"]) == (
        "spring",
        3,
        3,
        3,
    )
    assert datetime.fromisoformat(told["at"]).tzinfo is not None


async def test_a_campaign_as_json_has_its_reasons_and_an_unknown_one_an_error(page: TestClient, stage: Scene) -> None:
    await stage.submit("spring", 1, recipients=["306912345678", "no number"])
    told = await (await page.get("/api/campaigns/spring")).json()
    assert (told["refused"], told["refusals"][0]["given"], told["reasons"]) == (1, "•••••er", [])
    answer = await page.get("/api/campaigns/never")
    assert (answer.status, set(await answer.json())) == (404, {"error"})


async def test_health_is_well_when_redis_and_both_roles_are(page: TestClient, stage: Scene) -> None:
    assert (await page.get("/health")).status == 503
    await beat(stage, {"roles": "send,track"})
    answer = await page.get("/health")
    assert answer.status == 200
    assert await answer.json() == {"status": "ok", "redis": "ok", "workers": {"send": 1, "track": 1}}


async def test_metrics_are_served_as_prometheus_reads_them(page: TestClient, stage: Scene) -> None:
    answer = await page.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "volley_redis_up 1.0" in await answer.text()


# --- the process -------------------------------------------------------------------------------------


async def test_redis_being_away_is_said_on_every_page_and_it_comes_back_by_itself(
    own_redis_server: RedisServer,
) -> None:
    redis = connect(f"{own_redis_server.url}?socket_timeout=1")
    async with visit(redis) as page:
        await look(page)
        own_redis_server.kill()
        await wait_until(lambda: says(page, "Redis has not answered for"), description="it is said")
        assert (await page.get("/health")).status == 503
        own_redis_server.start()
        await wait_until(lambda: says(page, "Nothing to do"), description="the verdict is back")
    await redis.aclose()


async def test_a_redis_that_hangs_is_said_too_and_holds_no_page_for_minutes(
    own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page waited through all retries of the pool, for two minutes, and the verdict was never seen."""
    monkeypatch.setattr(web, "_READ_WITHIN", 8.0)
    redis = connect(own_redis_server.url)
    async with visit(redis) as page:
        await look(page)
        os.kill(own_redis_server.pid, signal.SIGSTOP)
        await wait_until(lambda: says(page, "Redis has not answered for"), description="it is said")
        async with asyncio.timeout(PATIENCE):
            answer = await page.get("/campaigns")
        assert answer.status == 503
        assert "Redis does not answer" in await answer.text()
        own_redis_server.kill()  # whoever waits is told so
    await redis.aclose()


async def test_a_stream_that_has_begun_is_not_given_up(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_READ_WITHIN", 0.5)

    async def begun() -> ClientResponse | None:
        """The stream; None where a busy machine did not begin it in time."""
        answer = await page.get("/live")
        return answer if answer.status == 200 else None

    stream = await wait_until(begun, description="the stream has begun")
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(PATIENCE):
        while asyncio.get_running_loop().time() - began < 1.0:
            assert await stream.content.readline()


async def test_it_serves_until_it_is_cancelled_and_leaves_nothing_open(redis: Redis, redis_url: str) -> None:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(redis_url, "127.0.0.1", 0, on_ready=address.set_result))
    url = await asyncio.wait_for(address, PATIENCE)
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session, session.get(url) as answer:
        assert answer.status == 200
        assert str(answer.url) == url.partition("enter/")[0]
    serving.cancel()
    await asyncio.wait([serving], timeout=PATIENCE)
    assert serving.cancelled()
    async with ClientSession() as session:
        with pytest.raises(OSError, match="Cannot connect"):
            await session.get(url)


NO_HTTP = (
    b"POST /callbacks/athens/a-token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
)


async def test_what_is_no_http_is_answered_400_and_takes_one_line(
    redis: Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A callback with a length and chunks was a traceback at error level, which quoted the address and its token."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with capture_logs() as said:
        serving = asyncio.create_task(serve(redis_url, "127.0.0.1", 0, on_ready=address.set_result))
        url = URL(await asyncio.wait_for(address, PATIENCE))
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(NO_HTTP)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        serving.cancel()
        await asyncio.wait([serving], timeout=PATIENCE)
    assert answer.startswith(b"HTTP/1.0 400 ")
    lines = [line for line in said if line["event"] == "request_unreadable"]
    assert [(line["log_level"], "a-token" in str(line)) for line in lines] == [("warning", False)]
    assert caplog.records == []


def test_a_real_error_of_the_server_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    web._server_log().exception("Unhandled exception", exc_info=ValueError("ours"))
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "ours"


def test_sigterm_ends_the_process_in_order(redis_url: str) -> None:
    code = (
        "import asyncio, sys, structlog; from ops.web import serve; "
        "structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr)); "
        "asyncio.run(serve(sys.argv[1], port=0, on_ready=lambda url: print(url, flush=True)))"
    )
    with running([sys.executable, "-c", code, redis_url], stdout=PIPE) as process:
        assert first_line(process).startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
