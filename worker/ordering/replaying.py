"""Dead letters of one reason that were there when asked: put back at the chosen rate, or dropped; oldest first."""

import time
from typing import Final

from producer import dead
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.orders import Order
from producer.dead import Letter, hindrance, kind_of
from worker.ordering.pieces import Piece

_PAGE: Final = 50
_BEAT: Final = 0.1
"""Seconds' worth of letters that go together, where the rate is so high."""

_CATCH_UP: Final = 1.0
"""Seconds behind its time that an order may make good; a longer halt is a halt."""


class Replaying:
    """Puts them back. A letter is on one of the two streams at any time, and moves once."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def piece(self, order: Order, overdue: float) -> Piece:
        """As many as the rate allows now, of the next page."""
        began = time.monotonic()
        page = await _page(self._redis, order)
        most = max(1, min(_PAGE, int(order.rate * _BEAT)))
        chosen, behind = _chosen(page, order.target, most)
        able = [letter for letter in chosen if not hindrance(letter[1])]
        await dead.put_back(self._redis, able, order=order.id)
        late = min(overdue, _CATCH_UP) + time.monotonic() - began
        return Piece(
            cursor=page[behind - 1][0].decode() if behind else order.cursor,
            is_last=behind == len(page) < _PAGE,
            wait=max(0.0, len(able) / order.rate - late),
            left=len(chosen) - len(able),
        )


class Dropping:
    """Deletes them for good."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def piece(self, order: Order, overdue: float) -> Piece:  # noqa: ARG002  # there is no rate to keep
        """Those of the next page."""
        page = await _page(self._redis, order)
        chosen, _ = _chosen(page, order.target, _PAGE)
        await dead.drop(self._redis, [letter for letter, _ in chosen], order=order.id)
        return Piece(cursor=page[-1][0].decode() if page else order.cursor, is_last=len(page) < _PAGE)


async def _page(redis: Client, order: Order) -> list[Letter]:
    rows = await redis.xrange(
        keys.DEAD, min=f"({order.cursor}" if order.cursor else "-", max=order.last or "0-0", count=_PAGE
    )
    return list(rows)


def _chosen(page: list[Letter], kind: str, most: int) -> tuple[list[Letter], int]:
    """The first letters of a kind, and how many of the page were looked at for them."""
    chosen: list[Letter] = []
    for place, letter in enumerate(page):
        if len(chosen) == most:
            return chosen, place
        if kind_of(letter[1]) == kind:
            chosen.append(letter)
    return chosen, len(page)
