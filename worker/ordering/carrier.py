"""The carrier: takes the order that is due, has a piece of it done, says how far it is; one in each track process.

An order is taken for a lease. Of a worker that died, or was stopped, another one goes on when the lease has run out:
the piece in hand is done again, and finds its own work done.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from redis.exceptions import RedisError

from producer.contract.orders import Order, OrderKind
from producer.orders import NoneDue, OrderBook, Taken
from producer.refusing import takes_no_writes
from worker.ordering.pieces import Doer, OrderError, Piece

_LEASE: Final = 10.0
_IDLE: Final = 0.5
_AFTER_ERROR: Final = 1.0

log = structlog.get_logger(__name__)


class Carrier:
    """Carries orders out. `lease`: seconds after which a piece that was not heard of is another's to do."""

    def __init__(self, book: OrderBook, doers: Mapping[OrderKind, Doer], *, lease: float = _LEASE) -> None:
        self._book = book
        self._doers = doers
        self._lease = lease

    async def run(self) -> None:
        """Work until cancelled. Redis being away, or full, is waited for."""
        while True:
            try:
                wait = await self.step()
            except (RedisError, OSError) as error:
                log.warning("orders_wait_for_redis", error=type(error).__name__)
                wait = _AFTER_ERROR
            await asyncio.sleep(wait)

    async def step(self) -> float:
        """Do one piece of what is due; after how many seconds to look again."""
        match await self._book.take(self._lease):
            case NoneDue(seconds=seconds):
                return _IDLE if seconds is None else min(seconds, _IDLE)
            case Taken(order=order, overdue=overdue):
                await self._carry(order, overdue)
            case unreadable:
                log.error("order_unreadable", order=unreadable.id)
        return 0.0

    async def _carry(self, order: Order, overdue: float) -> None:
        try:
            piece = await self._doers[order.kind].piece(order, overdue)
        except OrderError as error:
            await self._failed(order, str(error))
        except (RedisError, OSError):
            raise
        except Exception as error:  # the outermost edge of an order: logged, told, and not tried for ever
            if takes_no_writes(error):
                raise
            log.exception("order_failed", order=order.id, kind=order.kind)
            await self._failed(
                order, f"unforeseen: {type(error).__name__}; the worker's log says more (order_failed)"
            )
        else:
            await self._tell(order, piece)

    async def _tell(self, order: Order, piece: Piece) -> None:
        if not piece.is_last:
            fields = {**_counts(order, piece), "memo": piece.memo}
            await self._book.advance(order, piece.cursor, fields, wait=piece.wait)
        elif await self._book.finish(order, piece.cursor, {**_counts(order, piece), "result": piece.result}):
            log.info("order_done", order=order.id, kind=order.kind)

    async def _failed(self, order: Order, words: str) -> None:
        if await self._book.fail(order, words):
            log.warning("order_ended_early", order=order.id, kind=order.kind)


def _counts(order: Order, piece: Piece) -> dict[str, object]:
    """Absolute, so that a piece that is told twice counts once."""
    told = {} if piece.done is None else {"done": piece.done}
    return {"left": order.left + piece.left, **told}
