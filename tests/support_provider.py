"""The sandbox as tests ask it: what the provider saw, and its switches."""

import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from subprocess import PIPE
from tempfile import TemporaryFile
from typing import Any, Final

import aiohttp
import orjson

from tests.support import first_line, running

_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Provider:
    """A running sandbox. `login` is the same in both families; an account's name is `family/login`."""

    url: str
    session: aiohttp.ClientSession

    async def messages(self, text: str = "", **query: str) -> list[dict[str, Any]]:
        """Everything that was accepted, in order; `text`: only what begins so."""
        found: list[dict[str, Any]] = []
        while True:
            asked = {**query, "limit": str(_PAGE), "after": str(found[-1]["number"] if found else 0)}
            page = (await self._get("messages", **asked))["messages"]
            found += page
            if len(page) < _PAGE:
                return [message for message in found if message["text"].startswith(text)]

    async def copies(self, text: str = "") -> Counter[tuple[str, str]]:
        """How often each phone was given each text."""
        return Counter((message["phone"], message["text"]) for message in await self.messages(text))

    async def accepted(self, account: str = "") -> int:
        """How many messages were accepted, by one account or by all."""
        summary = await self._get("summary")
        return (summary["accounts"][account] if account else summary)["accepted"]

    async def summary(self, account: str) -> dict[str, Any]:
        return (await self._get("summary"))["accounts"][account]

    async def arrivals(self, account: str) -> list[float]:
        """When send requests arrived: seconds on the sandbox's own clock."""
        family, login = account.split("/")
        return (await self._get("arrivals", family=family, login=login))["arrivals"][account]

    async def switch(self, account: str, **switches: Any) -> None:
        family, login = account.split("/")
        body = orjson.dumps({"family": family, "login": login, **switches})
        async with self.session.post(f"{self.url}/sandbox/account", data=body) as answer:
            assert answer.status == 200, await answer.text()

    async def forget(self) -> None:
        """As if it had just been started."""
        async with self.session.post(f"{self.url}/sandbox/reset") as answer:
            assert answer.status == 200

    async def _get(self, what: str, **query: str) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/sandbox/{what}", params=query) as answer:
            return orjson.loads(await answer.read())


def fastest(arrivals: Sequence[float], *, seconds: float) -> float:
    """Requests a second in the busiest so many seconds: a busy machine has slow ones, a slow program no others."""
    most = max(bisect_left(arrivals, first + seconds) - place for place, first in enumerate(arrivals))
    return most / seconds


@contextmanager
def sandbox_process(options: Sequence[str]) -> Iterator[str]:
    """A sandbox of its own; its address."""
    command = [sys.executable, "-m", "ops.sandbox", "--port", "0", *options]
    with TemporaryFile("w+") as log, running(command, stdout=PIPE, stderr=log) as process:
        yield orjson.loads(first_line(process, log))["sandbox"]


@asynccontextmanager
async def provider_at(url: str) -> AsyncIterator[Provider]:
    """The sandbox at `url`, with nothing in its ledger."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        provider = Provider(url, session)
        await provider.forget()
        yield provider
