"""SAQ: `work CONCURRENCY`, or `enqueue FILE AT_ONCE`. Runs in the peers' environment."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import uvloop
from saq import Queue, Worker

from ops.bench.peers.shared import QUEUE, Row, enqueue_all, gathered, new_session, post, redis_url, slots

_KEEP_NOTHING = -1


async def send(ctx: dict[str, Any], *, number: str, name: str, amount: str) -> None:  # Any: SAQ's context
    """The job."""
    await post(ctx["session"], number, name, amount)


async def _start(ctx: dict[str, Any]) -> None:  # Any: SAQ's context
    ctx["session"] = new_session()


async def enqueue(path: Path, at_once: int) -> None:
    """One `enqueue` per row: SAQ has no call for many."""
    queue = Queue.from_url(redis_url(), name=QUEUE, max_concurrent_ops=at_once)

    async def one(row: Row) -> None:
        number, name, amount = row
        await queue.enqueue("send", number=number, name=name, amount=amount, ttl=_KEEP_NOTHING)

    async def store(rows: list[Row]) -> None:
        await gathered(rows, one, at_once)

    await enqueue_all(path, store)
    await queue.disconnect()


async def work(concurrency: int) -> None:
    """Run until ended."""
    queue = Queue.from_url(redis_url(), name=QUEUE, max_concurrent_ops=slots())
    await Worker(queue, [send], concurrency=concurrency, startup=_start).start()


def main(arguments: list[str]) -> None:
    """`work CONCURRENCY` or `enqueue FILE AT_ONCE`."""
    logging.disable(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match arguments:
            case ["work", concurrency]:
                runner.run(work(int(concurrency)))
            case ["enqueue", path, at_once]:
                runner.run(enqueue(Path(path), int(at_once)))
            case _:
                sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
