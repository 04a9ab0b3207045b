"""streaq: `work CONCURRENCY PREFETCH`, or `enqueue FILE AT_ONCE` by `enqueue_many`, in the peers' environment."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from streaq import Worker

from ops.bench.peers.shared import QUEUE, Row, enqueue_all, new_session, post, redis_url

_KEEP_NOTHING = 0


@asynccontextmanager
async def _lifespan() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as session:
        yield session


def worker(concurrency: int = 16, prefetch: int | None = None) -> tuple[Any, Any]:  # Any: streaq is not here for mypy
    """A worker and its task."""
    made = Worker(
        redis_url(),
        concurrency=concurrency,
        prefetch=prefetch,
        queue_name=QUEUE,
        lifespan=_lifespan,
        anyio_kwargs={"use_uvloop": True},
    )

    async def send(number: str, name: str, amount: str) -> None:
        await post(made.context, number, name, amount)

    return made, made.task(name="send", ttl=_KEEP_NOTHING, silent=True)(send)


async def enqueue(path: Path, at_once: int) -> None:
    """`enqueue_many`, `at_once` rows a call."""
    made, send = worker()

    async def store(rows: list[Row]) -> None:
        for start in range(0, len(rows), at_once):
            await made.enqueue_many([send.enqueue(*row) for row in rows[start : start + at_once]])

    async with made:
        await enqueue_all(path, store)


def main(arguments: list[str]) -> None:
    """`work CONCURRENCY PREFETCH` or `enqueue FILE AT_ONCE`."""
    logging.disable(logging.WARNING)
    match arguments:
        case ["work", concurrency, prefetch]:
            worker(int(concurrency), int(prefetch))[0].run_sync()
        case ["enqueue", path, at_once]:
            uvloop.run(enqueue(Path(path), int(at_once)))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
