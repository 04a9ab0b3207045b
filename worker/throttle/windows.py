"""Per-call windows: so many requests of one call (or one identical request) in so many seconds, per login.

The provider counts a request when it comes, a window when a place is taken. What waits in between, for a permit or
because its process stands still, would leave the next one too little time: its place is counted anew.
"""

import math
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.scripts import Argument, Script
from worker.providers.interface import Window
from worker.providers.requests import HttpRequest

_WINDOW: Final = Script("worker.throttle", "window")
_KEEP: Final = Script("worker.throttle", "window_keep")

_LATE: Final = 0.5
"""Seconds by which a request may come later than its place is counted: families' windows are a second too long."""

log = structlog.get_logger(__name__)


class TooSoonError(Exception):
    """A call would exceed its documented limit. `retry_in`: seconds until it may be tried."""

    def __init__(self, call: str, retry_in: float) -> None:
        super().__init__(f"{call}: the provider's limit allows the next request in {math.ceil(retry_in)} s")
        self.retry_in = retry_in


class Place:
    """One request's place in every window of its call; none where the call has none. Made by `Windows.enter`."""

    def __init__(self, redis: Client, login: str, request: HttpRequest, windows: Sequence[Window]) -> None:
        self._redis = redis
        self._call = request.call
        self._windows = [(window, _name(request, index, window)) for index, window in enumerate(windows)]
        self._names = [keys.window(login, name) for _, name in self._windows]
        self._budget = keys.budget(login)
        self._member = uuid.uuid4().hex
        self._counted_at = -math.inf

    async def take(self) -> None:
        """Take it, or raise TooSoonError and take none."""
        if not self._windows:
            return
        asked = time.monotonic()
        args: list[Argument] = [self._member]
        for window, name in self._windows:
            # those of identical requests are many and short, and nobody's budget
            args += (window.count, _length(window), "" if window.identical else name)
        wait = int(await _WINDOW.run(self._redis, [*self._names, self._budget], args))
        if wait:
            raise TooSoonError(self._call, wait / 1000)
        self._counted_at = asked

    async def leave(self) -> None:
        """Right before the request leaves: count it from now on when it waited.

        Raises TooSoonError when it waited for so long that its place has run out, and there is no other.
        """
        if not await self._keep():
            log.warning("place_ran_out", call=self._call)
            await self._give_up()
            await self.take()

    async def over(self) -> None:
        """Count a request that took long from its end: it came to the provider no later."""
        with suppress(RedisError, OSError):  # it is counted from when it left
            await self._keep()

    async def _keep(self) -> bool:
        """Count it from now on, when that is late; False when one of its places has run out."""
        asked = time.monotonic()
        if not self._windows or asked - self._counted_at <= _LATE:
            return True
        lengths = [_length(window) for window, _ in self._windows]
        is_kept = bool(await _KEEP.run(self._redis, self._names, [self._member, *lengths]))
        if is_kept:
            self._counted_at = asked
        return is_kept

    async def _give_up(self) -> None:
        """Of several windows one may be short and another long: nothing left, so the long one counts nothing."""
        for name in self._names:
            await self._redis.zrem(name, self._member)


class Windows:
    """The windows of one login's calls, on Redis' clock, over all processes together."""

    def __init__(self, redis: Client, login: str, table: Mapping[str, Sequence[Window]]) -> None:
        self._redis = redis
        self._login = login
        self._table = table

    async def enter(self, request: HttpRequest) -> Place:
        """Take a place in every window of the request's call, or raise TooSoonError and take none."""
        place = Place(self._redis, self._login, request, self._table.get(request.call, ()))
        await place.take()
        return place


def _name(request: HttpRequest, index: int, window: Window) -> str:
    return f"{request.call}.{index}.{request.fingerprint}" if window.identical else f"{request.call}.{index}"


def _length(window: Window) -> int:
    return int(window.seconds * 1000)
