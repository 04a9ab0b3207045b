"""Per-call windows: so many requests of one call (or one identical request) in so many seconds, per login."""

import math
import uuid
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.scripts import Argument, Script
from worker.providers.interface import Window
from worker.providers.requests import HttpRequest

_WINDOW: Final = Script("worker.throttle", "window")


class TooSoonError(Exception):
    """A call would exceed its documented limit. `retry_in`: seconds until it may be tried."""

    def __init__(self, call: str, retry_in: float) -> None:
        super().__init__(f"{call}: the provider's limit allows the next request in {math.ceil(retry_in)} s")
        self.retry_in = retry_in


class Windows:
    """The windows of one login's calls, on Redis' clock, over all processes together."""

    def __init__(self, redis: Client, login: str, table: dict[str, tuple[Window, ...]]) -> None:
        self._redis = redis
        self._login = login
        self._table = table

    async def enter(self, request: HttpRequest) -> None:
        """Take a place in every window of the request's call, or raise TooSoonError and take none."""
        windows = self._table.get(request.call, ())
        if not windows:
            return
        names = [keys.window(self._login, _name(request, index, window)) for index, window in enumerate(windows)]
        args: list[Argument] = [uuid.uuid4().hex]
        for index, window in enumerate(windows):
            # those of identical requests are many and short, and nobody's budget
            told = "" if window.identical else _name(request, index, window)
            args += (window.count, int(window.seconds * 1000), told)
        wait = int(await _WINDOW.run(self._redis, [*names, keys.budget(self._login)], args))
        if wait:
            raise TooSoonError(request.call, wait / 1000)


def _name(request: HttpRequest, index: int, window: Window) -> str:
    return f"{request.call}.{index}.{request.fingerprint}" if window.identical else f"{request.call}.{index}"
