"""The lease by which one process at a time reads an account: short, and renewed by every heartbeat."""

import time
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.scripts import Script

_LEASE: Final = Script("worker", "lease")

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
        await give_up(self._redis, self._name, self._worker)

    async def _renew(self) -> bool:
        is_kept = await keep(self._redis, self._name, self._worker, _LIFE)
        if not is_kept:
            self._renewed_until = 0.0
        return is_kept


async def keep(redis: Client, name: str, holder: str, seconds: int) -> bool:
    """Let the lease last for so many seconds from now, if it is the holder's; whether it is. One step in Redis:
    between a look and a renewal it could have run out, and a newcomer's would have been renewed or deleted.
    """
    return bool(await _LEASE.run(redis, [name], [holder, seconds]))


async def give_up(redis: Client, name: str, holder: str) -> None:
    """End the lease, if it is the holder's, in one step like `keep`."""
    await _LEASE.run(redis, [name], [holder, 0])
