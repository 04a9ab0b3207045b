"""Putting dead letters back at a chosen rate: one run at a time, owned by the web process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

from ops.audit import AuditLog
from ops.dead import matching, put_back
from producer.contract.client import Client

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Run:
    """How far one run is. `rate`: entries a second."""

    kind: str
    rate: float
    put_back: int = 0
    left: int = 0
    is_over: bool = False
    failure: str = ""


class Replaying:
    """At most one run. What a broken run did not come to stays a dead letter."""

    def __init__(
        self, redis: Client, audit: AuditLog, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._redis = redis
        self._audit = audit
        self._pause = pause
        self._task: asyncio.Task[None] | None = None
        self.last: Run | None = None

    @property
    def is_running(self) -> bool:
        """Whether a run goes on."""
        return self._task is not None and not self._task.done()

    def begin(self, kind: str, rate: float, who: str) -> Run:
        """Begin a run; RuntimeError while another one goes on."""
        if self.is_running:
            raise RuntimeError("another replay goes on")
        self.last = run = Run(kind=kind, rate=rate)
        self._task = asyncio.create_task(self._run(run, who))
        return run

    async def stop(self) -> None:
        """End the run, if one goes on, and wait until it has ended."""
        task = self._task
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)

    async def _run(self, run: Run, who: str) -> None:
        target = f"{run.kind} at {run.rate:g} a second"
        try:
            async with self._audit.acting(who, "dead.replay", target) as act:
                try:
                    await self._put_back(run)
                finally:
                    act.after = f"{run.put_back} put back, {run.left} left"
        except (RedisError, OSError) as error:
            run.failure = "Redis did not answer"
            log.warning("replay_broken_off", error=type(error).__name__)
        finally:
            run.is_over = True

    async def _put_back(self, run: Run) -> None:
        async for letter in matching(self._redis, run.kind):
            if not await put_back(self._redis, letter.id):
                run.left += 1
                continue
            run.put_back += 1
            await self._pause(1 / run.rate)
