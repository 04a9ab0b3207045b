"""The yardstick: a bare aiohttp loop that sends every row of a file with no queue and no books.

`python -m ops.bench.bare FILE`, with BENCH_URL and BENCH_SLOTS: as many coroutines as slots.
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from ops.bench.peers.shared import new_session, post, rows_of, slots


async def _send_all(path: Path) -> None:
    rows = rows_of(path)
    async with new_session() as session:

        async def one() -> None:
            for row in rows:
                await post(session, *row)

        await asyncio.gather(*(one() for _ in range(slots())))
        await asyncio.Event().wait()  # until ended: a child that ends by itself is a child that failed


if __name__ == "__main__":
    uvloop.run(_send_all(Path(sys.argv[1])))
