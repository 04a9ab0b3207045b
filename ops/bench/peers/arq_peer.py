"""Stock arq: `work default|tuned`, or `enqueue FILE single|gathered`. Runs in Volley's own environment."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any, Final

import uvloop
from arq.connections import ArqRedis
from arq.worker import Worker
from redis.asyncio import ConnectionPool

from ops.bench.peers.shared import QUEUE, Row, enqueue_all, gathered, new_session, post, redis_url

_TUNED: Final[dict[str, Any]] = {"max_jobs": 500, "poll_delay": 0.01, "keep_result": 0}  # Any: arq's arguments
_AT_ONCE: Final = {"single": 1, "gathered": 100}


def pool() -> ArqRedis:
    """A plain arq client."""
    return ArqRedis(ConnectionPool.from_url(redis_url(), max_connections=600))


async def send(ctx: dict[str, Any], number: str, name: str, amount: str) -> None:  # Any: arq's context
    """The job."""
    await post(ctx["session"], number, name, amount)


async def _start(ctx: dict[str, Any]) -> None:  # Any: arq's context
    ctx["session"] = new_session()


async def _stop(ctx: dict[str, Any]) -> None:  # Any: arq's context
    await ctx["session"].close()


async def enqueue(path: Path, mode: str) -> None:
    """One `enqueue_job` per row."""
    redis = pool()

    async def one(row: Row) -> None:
        await redis.enqueue_job("send", *row, _queue_name=QUEUE)

    async def store(rows: list[Row]) -> None:
        await gathered(rows, one, _AT_ONCE[mode])

    try:
        await enqueue_all(path, store)
    finally:
        await redis.aclose()


def work(mode: str) -> None:
    """Run until ended. uvloop in both modes: it is the loop that is compared nowhere here."""
    asyncio.set_event_loop(uvloop.new_event_loop())
    settings = _TUNED if mode == "tuned" else {}
    Worker(
        [send],
        queue_name=QUEUE,
        redis_pool=pool(),
        on_startup=_start,
        on_shutdown=_stop,
        **settings,
    ).run()


def main(arguments: list[str]) -> None:
    """`work MODE` or `enqueue FILE MODE`."""
    logging.disable(logging.INFO)
    match arguments:
        case ["work", mode]:
            work(mode)
        case ["enqueue", path, mode]:
            uvloop.run(enqueue(Path(path), mode))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
