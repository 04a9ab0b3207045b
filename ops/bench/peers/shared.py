"""What every contender's process shares: the same rows in, the same HTTP request out.

Read by the peers' own interpreter, so: standard library and aiohttp only. A peer is started as
`python -m ops.bench.peers.NAME work|enqueue|burst …`, with REDIS_URL, BENCH_URL and BENCH_SLOTS.
"""

import asyncio
import csv
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import aiohttp

Row = tuple[str, str, str]
"""An MSISDN and two template values: a name and an amount."""

Store = Callable[[list[Row]], Awaitable[None]]
"""Enqueues some rows, and returns when they are stored."""

QUEUE: Final = "bench"
_READ_AT_ONCE: Final = 1000


def slots() -> int:
    """How many requests may be under way at once."""
    return int(os.environ["BENCH_SLOTS"])


def redis_url() -> str:
    """Where the queue is."""
    return os.environ["REDIS_URL"]


def new_session() -> aiohttp.ClientSession:
    """An HTTP client with a connection for each slot, kept alive."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots()))


async def post(session: aiohttp.ClientSession, number: str, name: str, amount: str) -> None:
    """Send one message with the form that Volley sends, and believe whatever is answered."""
    form = {"type": "json", "key": "demo-key", "to": number, "text": f"Hello {name}, your balance is {amount} EUR"}
    async with session.post(f"{os.environ['BENCH_URL']}/api/sms/send", data=form) as response:
        await response.read()


def rows_of(path: Path) -> Iterator[Row]:
    """The rows of a CSV file with a header line."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        yield from map(_row, reader)


def _row(cells: list[str]) -> Row:
    number, name, amount = cells
    return number, name, amount


async def enqueue_all(path: Path, store: Store) -> None:
    """Store every row of the file, and print how long it took and how much memory at most."""
    rows = rows_of(path)
    count = 0
    began = time.monotonic()
    while some := list(islice(rows, _READ_AT_ONCE)):
        await store(some)
        count += len(some)
    tell(count, time.monotonic() - began)


def tell(count: int, seconds: float) -> None:
    """Print one line for the runner: recipients stored, seconds, and the most memory held, in bytes."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = held if sys.platform == "darwin" else held * 1024
    sys.stdout.write(json.dumps({"count": count, "seconds": seconds, "peak_bytes": peak}) + "\n")
    sys.stdout.flush()


async def gathered(rows: list[Row], one: Callable[[Row], Awaitable[object]], at_once: int) -> None:
    """Enqueue each row by itself, `at_once` at a time."""
    for start in range(0, len(rows), at_once):
        await asyncio.gather(*(one(row) for row in rows[start : start + at_once]))
