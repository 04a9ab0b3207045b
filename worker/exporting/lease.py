"""The lease by which one process exports for an account: held while it works, given up when it stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from worker.leasing import give_up, keep

_SECONDS: Final = 30
_RENEW_EVERY: Final = 5.0

log = structlog.get_logger(__name__)


class Lease:
    """Two processes that hold it for a moment, after one was out of touch, do no harm: all may be repeated."""

    def __init__(self, redis: Client, account: AccountName, worker: str) -> None:
        self._redis = redis
        self._name = keys.exporter(account)
        self._worker = worker

    async def take(self) -> bool:
        """Take or renew it; False when another process holds it."""
        if await self._redis.set(self._name, self._worker, ex=_SECONDS, nx=True):
            return True
        return await keep(self._redis, self._name, self._worker, _SECONDS)

    async def release(self) -> None:
        """Give it up, so that another process need not wait for it to run out."""
        await give_up(self._redis, self._name, self._worker)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Renew it for as long as the work in this context takes."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            try:
                await self.take()
            except (RedisError, OSError) as error:
                log.warning("export_lease_waits_for_redis", error=type(error).__name__)
