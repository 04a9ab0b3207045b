"""The peer: a stock arq worker that sends the same HTTP requests and keeps no books at all.

Started as a process of its own: `python -m ops.bench.stock tuned|default`, with REDIS_URL and BENCH_URL.
"""

import asyncio
import importlib
import logging
import os
import sys
from importlib.util import find_spec
from typing import Any, Final

import aiohttp
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.asyncio import ConnectionPool

QUEUE: Final = "bench:stock"
FORM: Final = {
    "type": "json",
    "key": "demo-key",
    "to": "306900000000",
    "text": "Hello, this is message 12345",
    "from": "",
}

_TUNED: Final[dict[str, Any]] = {"max_jobs": 500, "poll_delay": 0.01, "keep_result": 0}  # Any: arq's arguments


def pool(url: str) -> ArqRedis:
    """A plain arq client on `url`."""
    return ArqRedis(ConnectionPool.from_url(url, max_connections=600))


async def send(ctx: dict[str, Any], number: int) -> None:  # Any: arq's context
    """Send one message, as Volley would, and believe the answer."""
    form = {**FORM, "to": str(306_900_000_000 + number)}
    async with ctx["session"].post(ctx["url"], data=form) as response:
        await response.read()


async def _start(ctx: dict[str, Any]) -> None:  # Any: arq's context
    ctx["session"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))
    ctx["url"] = f"{os.environ['BENCH_URL']}/api/sms/send"


async def _stop(ctx: dict[str, Any]) -> None:  # Any: arq's context
    await ctx["session"].close()


def main(arguments: list[str]) -> None:
    """Run until ended."""
    logging.disable(logging.INFO)
    loop = importlib.import_module("uvloop").new_event_loop() if find_spec("uvloop") else asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    settings = _TUNED if arguments == ["tuned"] else {}
    worker = Worker(
        [send],
        queue_name=QUEUE,
        redis_pool=pool(os.environ["REDIS_URL"]),
        on_startup=_start,
        on_shutdown=_stop,
        **settings,
    )
    worker.run()


if __name__ == "__main__":
    main(sys.argv[1:])
