"""What leaves this process in any window of time, counted exactly."""

import asyncio
import time
from collections import deque
from typing import Final

_SECOND: Final = 1.0
_MARGIN: Final = 0.002
"""Seconds by which a window is longer than the provider's: two requests may take ways of different length."""


class SlidingWindow:
    """At most as many departures as `rate` (a second) allows in any second, or one in 1 / `rate` seconds below one.

    The shared rate spaces requests evenly; those that a process held while it stood still would leave together
    afterwards. Here they wait until what left before them is a second old. Other processes are not seen here.
    """

    def __init__(self, rate: float) -> None:
        self._left: deque[float] = deque()
        self.change(rate)

    def change(self, rate: float) -> None:
        """Another rate from now on; what has left already counts."""
        self._most = max(1, int(rate))
        self._seconds = max(_SECOND, self._most / rate) + _MARGIN

    async def room(self) -> None:
        """Wait until one more may leave. Whoever leaves tells so by `count` before anybody else runs."""
        while (wait := self._wait()) > 0:  # noqa: ASYNC110 - it is time that is waited for
            await asyncio.sleep(wait)

    def count(self) -> None:
        """One leaves now."""
        self._left.append(time.monotonic())

    def _wait(self) -> float:
        now = time.monotonic()
        while self._left and self._left[0] <= now - self._seconds:
            self._left.popleft()
        if len(self._left) < self._most:
            return 0.0
        return self._left[-self._most] + self._seconds - now
