"""What a piece of an order is: something small that is safe to do twice, and how far the order is behind it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.contract.orders import Order
from producer.roster import Packed, read_roster

_SECONDS: Final = 0.25
"""Of one piece: what else this process does, and other orders, come between two."""

_CHUNKS_A_TRIP: Final = 4


class OrderError(ValueError):
    """The order cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What was done. `cursor`: how far the order is. `wait`: seconds until the next piece. `left`: could not be done.

    `done` is how many were done in all, where what did them did not count them on the order already. `memo` is what
    the next piece is to know, `result` what came of the order, told with its last piece.
    """

    cursor: str
    is_last: bool
    wait: float = 0.0
    left: int = 0
    done: int | None = None
    memo: str = ""
    result: str = ""


class Doer(Protocol):
    """Carries out one kind of order."""

    async def piece(self, order: Order, overdue: float) -> Piece:
        """Do the next piece, due for `overdue` seconds already. What it does is safe to do twice. OrderError."""


async def chunks_of(redis: Client, order: Order) -> AsyncIterator[Packed]:
    """Chunks of the order's campaign from its cursor on, for the time of a piece, and at least one."""
    place, last = int(order.cursor or 0), int(order.last)
    until = time.monotonic() + _SECONDS
    while place < last:
        numbers = range(place, min(place + _CHUNKS_A_TRIP, last))
        place = numbers.stop
        for chunk in await read_roster(redis, CampaignId(order.target), numbers):
            yield chunk
            if time.monotonic() >= until:
                return
            await asyncio.sleep(0)
