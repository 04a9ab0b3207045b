"""Group commit: what submissions gave is gathered while the last round trip runs, then recorded together."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from redis.exceptions import RedisError

from producer.refusing import will_never_be_done
from worker.ledger import Ledger, Recorded, Write

_MOST_AT_ONCE: Final = 512
_MOST_WAITING: Final = 4096
_ENOUGH: Final = 32
_GATHER: Final = 0.002
"""Seconds in which fewer than enough outcomes wait for others to share their trip."""

_PAUSE: Final = 0.5

log = structlog.get_logger(__name__)


class Recorder:
    """Takes outcomes, records them in order of arrival, and never lets one go because Redis is away.

    `put` waits while too many are unrecorded, so that a Redis outage stops the senders instead of filling
    the memory. What is still unrecorded when the process dies is in_flight in the ledger: its lease runs
    out and the message becomes uncertain. `on_recorded` gets each group's answers (orphans, stale claims).
    """

    def __init__(self, ledger: Ledger, on_recorded: Callable[[Sequence[Recorded]], Awaitable[None]]) -> None:
        self._ledger = ledger
        self._on_recorded = on_recorded
        self._waiting: deque[Write] = deque()
        self._unrecorded = 0
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._none = asyncio.Event()
        self._room.set()
        self._none.set()

    async def put(self, writes: Sequence[Write]) -> None:
        """Hand over what one request gave; kept from the first moment, also when the wait for room is cut short."""
        if not writes:
            return
        self._waiting.extend(writes)
        self._unrecorded += len(writes)
        self._none.clear()
        self._some.set()
        if self._unrecorded >= _MOST_WAITING:
            self._room.clear()
            await self._room.wait()

    async def run(self) -> None:
        """Record for ever; cancel it after `drain`."""
        while True:
            await self._some.wait()
            if len(self._waiting) < _ENOUGH:
                await asyncio.sleep(_GATHER)
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
            if not self._waiting:
                self._some.clear()
            await self._record(group)
            self._unrecorded -= len(group)
            if self._unrecorded < _MOST_WAITING:
                self._room.set()
            if not self._unrecorded:
                self._none.set()

    async def drain(self) -> None:
        """Wait until everything handed over is in Redis."""
        await self._none.wait()

    async def _record(self, group: Sequence[Write]) -> None:
        while True:
            try:
                recorded = await self._ledger.record(group)
                break
            except (RedisError, OSError) as error:
                if will_never_be_done(error):
                    await self._record_apart(group, error)
                    return
                log.warning("record_waits_for_redis", error=type(error).__name__, messages=len(group))
                await asyncio.sleep(_PAUSE)
        unusual = [answer for answer in recorded if answer.stale or answer.orphan is not None]
        if unusual:
            await self._tell(unusual)

    async def _record_apart(self, group: Sequence[Write], error: Exception) -> None:
        """One of the group cannot be recorded, ever: its message becomes uncertain when its lease ends."""
        if len(group) == 1:
            log.error("record_impossible", message=str(group[0].message), error=str(error)[:200])
            return
        for write in group:
            await self._record([write])

    async def _tell(self, unusual: Sequence[Recorded]) -> None:
        """What is told here stays on the orphan shelf until it is applied, so the next poll finds it too."""
        try:
            await self._on_recorded(unusual)
        except (RedisError, OSError) as error:
            log.warning("recorded_untold", error=type(error).__name__, messages=len(unusual))
