"""taskiq on a Redis list or stream: `work list|stream AT_ONCE`, or `enqueue FILE list|stream AT_ONCE`.

Runs in the peers' environment. The worker is taskiq's own Receiver, as its command line starts it, in one process.
"""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from taskiq import TaskiqEvents
from taskiq.receiver import Receiver
from taskiq_redis import ListQueueBroker, RedisStreamBroker

from ops.bench.peers.shared import QUEUE, Row, enqueue_all, gathered, new_session, post, redis_url


def broker(kind: str) -> tuple[Any, Any]:  # Any: taskiq is not here for mypy
    """A broker and its task. No result backend: results are not kept."""
    if kind == "stream":
        made = RedisStreamBroker(redis_url(), queue_name=QUEUE, consumer_id="0")
    else:
        made = ListQueueBroker(redis_url(), queue_name=QUEUE)
    sessions: list[aiohttp.ClientSession] = []

    async def start(_: object) -> None:
        sessions.append(new_session())

    async def send(number: str, name: str, amount: str) -> None:
        await post(sessions[0], number, name, amount)

    made.add_event_handler(TaskiqEvents.WORKER_STARTUP, start)
    return made, made.register_task(send, task_name="send")


async def enqueue(path: Path, kind: str, at_once: int) -> None:
    """One `kiq` per row: taskiq has no call for many."""
    made, send = broker(kind)
    await made.startup()

    async def one(row: Row) -> None:
        await send.kiq(*row)

    async def store(rows: list[Row]) -> None:
        await gathered(rows, one, at_once)

    await enqueue_all(path, store)
    await made.shutdown()


async def work(kind: str, at_once: int) -> None:
    """Run until ended."""
    made, _ = broker(kind)
    made.is_worker_process = True
    receiver = Receiver(made, max_async_tasks=at_once, max_prefetch=at_once)
    await receiver.listen(asyncio.Event())


def main(arguments: list[str]) -> None:
    """`work KIND AT_ONCE` or `enqueue FILE KIND AT_ONCE`."""
    logging.disable(logging.WARNING)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match arguments:
            case ["work", kind, at_once]:
                runner.run(work(kind, int(at_once)))
            case ["enqueue", path, kind, at_once]:
                runner.run(enqueue(Path(path), kind, int(at_once)))
            case _:
                sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
