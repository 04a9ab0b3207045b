"""One reading for all who look at the same page at once: kept for a second, read once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

_MOST: Final = 200
_WITHIN: Final = 10.0


class Shared:
    """Readings by name. Whoever asks while one is being read waits for that one; a failed one is not kept."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, asyncio.Task[Any]]] = {}  # Any: each name has its own kind of reading

    async def get(
        self, name: str, read: Callable[[], Awaitable[T]], *, for_seconds: float = 0.9, within: float = _WITHIN
    ) -> T:
        """The reading of `name`, at most `for_seconds` old; TimeoutError when it takes more than `within` seconds."""
        began, task = self._kept.get(name, (0.0, None))
        is_good = task is not None and self._clock() - began < for_seconds and not _has_failed(task)
        if task is None or not is_good:
            task = self._begin(name, read, within)
        return cast("T", await asyncio.shield(task))

    def forget(self) -> None:
        """Read everything anew: something was changed."""
        self._kept.clear()

    def _begin(self, name: str, read: Callable[[], Awaitable[T]], within: float) -> asyncio.Task[T]:
        self._kept.pop(name, None)
        while len(self._kept) >= _MOST:
            self._kept.pop(next(iter(self._kept)))

        async def reading() -> T:
            async with asyncio.timeout(within):
                return await read()

        task = asyncio.create_task(reading())
        self._kept[name] = (self._clock(), task)
        return task


def _has_failed(task: asyncio.Task[Any]) -> bool:  # Any: see _kept
    return task.done() and (task.cancelled() or task.exception() is not None)
