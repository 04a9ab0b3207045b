"""A track worker for tests of the page: it carries orders out, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from producer.contract.orders import Order, OrderState
from producer.orders import OrderBook
from tests.support import wait_until
from tests.worker.scene import Scene
from worker.ordering import carrier_of
from worker.stopping import end


@asynccontextmanager
async def carrying(stage: Scene) -> AsyncIterator[None]:
    """A carrier at work."""
    running = asyncio.create_task(carrier_of(stage.redis, stage.reader).run())
    try:
        yield
        assert not running.done(), running.exception()
    finally:
        await end([running])


async def over(stage: Scene) -> Order:
    """The newest order, once it is over."""
    book = OrderBook(stage.redis)

    async def is_over() -> bool:
        [newest] = await book.newest(limit=1)
        return newest.state is not OrderState.OPEN

    await wait_until(is_over, description="the order is over")
    [newest] = await book.newest(limit=1)
    return newest
