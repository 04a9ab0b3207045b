"""A sandbox on a loopback port, with a clock that moves only when a test says so."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ops.sandbox.config import SandboxConfig
from ops.sandbox.server import create_app
from tests.ops.sandbox.driving import HandClock, Handler, Sandbox, Start


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    runners: list[web.AppRunner] = []
    sessions: list[aiohttp.ClientSession] = []

    async def start_one(**config: Any) -> Sandbox:
        time = HandClock()
        runner = web.AppRunner(
            create_app(SandboxConfig(**config), time.clock()), access_log=None, shutdown_timeout=0.1
        )
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sessions.append(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)))
        return Sandbox(f"http://127.0.0.1:{runner.addresses[0][1]}", time, sessions[-1])

    yield start_one
    for session in sessions:
        await session.close()
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def handler() -> AsyncIterator[Handler]:
    heard = Handler()
    heard.open.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", heard.hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield heard
    heard.open.set()
    await runner.cleanup()


@pytest.fixture
async def sandbox(start: Start) -> Sandbox:
    return await start()
