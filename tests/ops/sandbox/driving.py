"""Speaking to a sandbox in tests: its clock by hand, its two dialects over HTTP, its admin address."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from ops.sandbox.clock import Clock

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

    async def switch(self, **switches: Any) -> Heard:
        return await self.request("POST", "/sandbox/account", data=orjson.dumps({"login": "demo"} | switches))


Start = Callable[..., Awaitable[Sandbox]]
