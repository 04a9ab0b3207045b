"""Speaking to a sandbox in tests: its clock by hand, its two dialects over HTTP, its admin address."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import orjson
from aiohttp import web

from ops.sandbox.clock import Clock
from tests.support import wait_until

START_UNIX = 1_795_000_000.0


@dataclass
class HandClock:
    """Time as the test tells it; a sleep only notes how long it should have been."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(monotonic=lambda: self.now, unix=lambda: START_UNIX + self.now - 1000.0, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@dataclass(frozen=True)
class Heard:
    """One answer of the sandbox."""

    status: int
    body: bytes
    content_type: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Sandbox:
    """A running sandbox, spoken to over HTTP."""

    url: str
    time: HandClock
    session: aiohttp.ClientSession

    async def call(self, path: str, **form: Any) -> Heard:
        return await self.request("POST", path, data=form)

    async def request(self, method: str, path: str, **options: Any) -> Heard:
        async with self.session.request(method, self.url + path, **options) as answer:
            return Heard(answer.status, await answer.read(), answer.headers.get("Content-Type", ""))

    async def smsc(self, script: str, **form: Any) -> Any:
        who = {"login": "demo", "psw": "demo-secret", "fmt": "3", "charset": "utf-8"}
        return (await self.call(f"/sys/{script}.php", **(who | form))).json

    async def restv2(self, verb: str, **form: Any) -> Any:
        return (await self.call(f"/api/{verb}", **({"key": "demo-key", "type": "json"} | form))).json

    async def messages(self, **query: str) -> list[dict[str, Any]]:
        return (await self.request("GET", "/sandbox/messages", params=query)).json["messages"]

    async def summary(self, account: str) -> Any:
        return (await self.request("GET", "/sandbox/summary")).json["accounts"][account]

    async def happen(self, what: str, **body: Any) -> Any:
        return (await self.request("POST", f"/sandbox/{what}", data=orjson.dumps(body))).json

    async def switch(self, **switches: Any) -> Heard:
        return await self.request("POST", "/sandbox/account", data=orjson.dumps({"login": "demo"} | switches))


@dataclass(frozen=True)
class Called:
    """One callback that came in."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes
    content_type: str

    def form(self, charset: str = "windows-1251") -> dict[str, str]:
        return dict(
            parse_qsl(self.body.decode("ascii"), keep_blank_values=True, encoding=charset, strict_parsing=True)
        )


@dataclass
class Handler:
    """A client's handler: keeps what comes in and answers with `status`, when `open` is set."""

    url: str = ""
    status: int = 200
    open: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    calls: list[Called] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.read()
        content_type = request.headers.get("Content-Type", "")
        self.calls.append(Called(request.method, request.path, dict(request.query), body, content_type))
        self.at_once += 1
        await self.open.wait()
        self.at_once -= 1
        return web.Response(status=self.status)

    async def until(self, number: int) -> list[Called]:
        await wait_until(lambda: len(self.calls) >= number, description=f"{number} callbacks")
        return self.calls


Start = Callable[..., Awaitable[Sandbox]]
