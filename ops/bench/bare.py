"""The yardstick: a bare aiohttp loop that sends N requests with no queue and no books.

`python -m ops.bench.bare COUNT SLOTS`, with BENCH_URL.
"""

import asyncio
import importlib
import os
import sys
from importlib.util import find_spec

import aiohttp

from ops.bench.stock import FORM


async def _send_all(count: int, slots: int) -> None:
    numbers = iter(range(count))
    url = f"{os.environ['BENCH_URL']}/api/sms/send"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots)) as session:

        async def one() -> None:
            for number in numbers:
                form = {**FORM, "to": str(306_900_000_000 + number)}
                async with session.post(url, data=form) as response:
                    await response.read()

        await asyncio.gather(*(one() for _ in range(slots)))


if __name__ == "__main__":
    factory = importlib.import_module("uvloop").new_event_loop if find_spec("uvloop") else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_send_all(int(sys.argv[1]), int(sys.argv[2])))
