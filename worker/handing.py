"""Claimed requests on their way to the consumers: a few at each turn of the event loop.

A claim frees half of an account's slots at once. Were all their consumers woken in one turn, that turn would write
fifty requests, some milliseconds, before anybody hears what Redis has answered meanwhile: the next claim would be
sent when the wire is empty already, and the processor would wait for it.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_AT_A_TURN: Final = 8


class Handover(Generic[T]):
    """A queue without an end whose waiting takers are woken a few at a time. For one event loop."""

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._is_waking = False

    def __len__(self) -> int:
        """How many items wait for a taker."""
        return len(self._items)

    def put(self, item: T) -> None:
        """Hand over one item."""
        self._items.append(item)
        self._wake_soon()

    async def take(self) -> T:
        """The next item, when there is one. A taker that is cancelled takes none with it."""
        while not self._items:
            taker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._takers.append(taker)
            try:
                await taker
            except BaseException:
                with suppress(ValueError):  # it was woken already: another one takes what it was woken for
                    self._takers.remove(taker)
                self._wake_soon()
                raise
        return self._items.popleft()

    def take_all(self) -> list[T]:
        """What no taker took."""
        items, self._items = list(self._items), deque()
        return items

    def _wake_soon(self) -> None:
        if self._items and self._takers and not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self._is_waking = False
        for _ in range(min(_AT_A_TURN, len(self._items), len(self._takers))):
            taker = self._takers.popleft()
            if not taker.done():  # cancelled, and did not hear of it yet
                taker.set_result(None)
        self._wake_soon()
