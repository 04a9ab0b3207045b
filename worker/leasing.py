"""The lease by which one process at a time reads an account: short, and renewed by every heartbeat."""

import time
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName

_LIFE: Final = 10
"""Seconds after which another process may read the account of one that died."""

_LONGEST_TURN: Final = 30.0
"""Seconds, beside the pause, for which heartbeats renew the lease of one turn: a reader that hangs loses it."""


class ReaderLease:
    """One account's lease, as `worker` holds it or not. `pause`: seconds between two turns."""

    def __init__(self, redis: Client, account: AccountName, worker: str, pause: float) -> None:
        self._redis = redis
        self._name = keys.reader(account)
        self._worker = worker
        self._pause = pause
        self._renewed_until = 0.0

    async def hold(self) -> bool:
        """Whether this process may read now, because nobody else does. A long turn asks again as it goes on."""
        self._renewed_until = time.monotonic() + _LONGEST_TURN + self._pause
        if await self._redis.set(self._name, self._worker, ex=_LIFE, nx=True):
            return True
        return await self._renew()

    async def renew(self) -> None:
        """Keep it, if it is ours, through a turn and the pause after it. Called with every heartbeat."""
        if time.monotonic() < self._renewed_until:
            await self._renew()

    async def release(self) -> None:
        """Give it up, so that another process need not wait for its end."""
        self._renewed_until = 0.0
        if await self._is_ours():
            await self._redis.delete(self._name)

    async def _renew(self) -> bool:
        if not await self._is_ours():
            self._renewed_until = 0.0
            return False
        await self._redis.expire(self._name, _LIFE)
        return True

    async def _is_ours(self) -> bool:
        return await self._redis.get(self._name) == self._worker.encode()
