"""One watcher for all who look: reads the whole system about once a second, and keeps rates over time."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from redis.exceptions import RedisError

from ops.readings import Census, Level, Overview, Rates, Verdict, counts_of, read_overview, redis_away, verdict
from producer.contract.client import Client

_EVERY: Final = 1.0
_EVERY_UNWATCHED: Final = 5.0
_WATCHED_FOR: Final = 60.0
_TIMEOUT: Final = 5.0
_STALE: Final = 10.0

log = structlog.get_logger(__name__)


class Watch:
    """The newest overview. Many viewers cost Redis no more than one."""

    def __init__(self, redis: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._census = Census(redis)
        self._clock = clock
        self._reading = asyncio.Lock()
        self._wanted_at = self._read_at = self._began_at = clock()
        self._trouble = ""
        self._turn = asyncio.Event()
        self.overview: Overview | None = None
        self.rates = Rates()
        self.version = 0
        self.is_over = False

    async def run(self) -> None:
        """Read for ever; cancel it to end. Every failure is kept for the verdict and tried again."""
        while True:
            await self.look()
            is_watched = self._clock() - self._wanted_at < _WATCHED_FOR
            await asyncio.sleep(_EVERY if is_watched else _EVERY_UNWATCHED)

    async def look(self) -> None:
        """Read now, and tell whoever waits in `turned`. A failure keeps the last overview; `verdict` says so."""
        async with self._reading:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    overview = await read_overview(self._redis, census=self._census)
            except (RedisError, OSError, TimeoutError) as error:
                self._fail(f"redis: {type(error).__name__}")
            except Exception:
                log.exception("readings_failed")
                self._fail("unreadable")
            else:
                self._trouble, self.overview, self._read_at = "", overview, self._clock()
                self.rates.see(self._read_at, counts_of(overview.accounts, overview.campaigns.campaigns))
            self._tell()

    async def turned(self, seen: int, *, within: float) -> bool:
        """Wait until there is another reading than number `seen`; False when none came within so many seconds."""
        self._wanted_at = self._clock()
        if self.version == seen and not self.is_over:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await self._turn.wait()
        return self.version != seen

    def close(self) -> None:
        """Let whoever waits in `turned` go: the process ends."""
        self.is_over = True
        self._turn.set()

    async def latest(self) -> Overview | None:
        """The newest overview, about a second old while Redis answers; None when there has never been one."""
        self._wanted_at = self._clock()
        if self.overview is None or (not self._trouble and self._clock() - self._read_at > _EVERY * 2):
            await self.look()
        return self.overview

    async def fresh(self) -> Overview | None:
        """An overview that is not out of date, or None."""
        overview = await self.latest()
        return overview if self._clock() - self._read_at < _STALE else None

    def verdict(self) -> Verdict:
        """What is to be said now."""
        if self._trouble == "unreadable":
            return Verdict(
                level=Level.WRONG,
                doing="What is shown may be out of date.",
                wrong="Something in Redis cannot be read.",
                remedy="The log of this web process says what (readings_failed).",
                name="readings-failed",
            )
        if self._trouble or self.overview is None:
            return redis_away(self._clock() - (self._read_at if self.overview else self._began_at))
        return verdict(self.overview, self.rates)

    def _tell(self) -> None:
        self.version += 1
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    def _fail(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("readings_wait", trouble=trouble)
        self._trouble = trouble
