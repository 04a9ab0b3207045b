"""Group commit: what submissions gave is gathered while the last round trip runs, then recorded together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from redis.exceptions import RedisError

from worker.ledger import Ledger, Recorded, Write

_MOST_AT_ONCE: Final = 512
_MOST_WAITING: Final = 4096
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
        self._waiting: asyncio.Queue[Write] = asyncio.Queue(maxsize=_MOST_WAITING)

    async def put(self, writes: Sequence[Write]) -> None:
        """Hand over what one request gave."""
        for write in writes:
            await self._waiting.put(write)

    async def run(self) -> None:
        """Record for ever; cancel it after `drain`."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < _MOST_AT_ONCE and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            await self._record(group)
            for _ in group:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Wait until everything handed over is in Redis."""
        await self._waiting.join()

    async def _record(self, group: Sequence[Write]) -> None:
        while True:
            try:
                recorded = await self._ledger.record(group)
                break
            except (RedisError, OSError) as error:
                log.warning("record_waits_for_redis", error=type(error).__name__, messages=len(group))
                await asyncio.sleep(_PAUSE)
        unusual = [answer for answer in recorded if answer.stale or answer.orphan is not None]
        if unusual:
            await self._tell(unusual)

    async def _tell(self, unusual: Sequence[Recorded]) -> None:
        """What is told here stays on the orphan shelf until it is applied, so the next poll finds it too."""
        try:
            await self._on_recorded(unusual)
        except (RedisError, OSError) as error:
            log.warning("recorded_untold", error=type(error).__name__, messages=len(unusual))
