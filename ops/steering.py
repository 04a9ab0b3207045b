"""What an operator does to an account: pause it, resume it, change its limits while workers run."""

import math
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Literal

from ops.errors import OpsError
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.scripts import Script
from producer.directory import AccountEntry

_PAUSE: Final = Script("ops", "pause")

LEAST_RATE: Final = 0.01
MOST_RATE: Final = 100_000.0
"""Requests a second; the same bounds as the setting has."""


class LimitsError(OpsError):
    """Limits that cannot be set; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an operator sets in place of the configured limits; None leaves that one as configured."""

    rate: float | None = None
    slots: int | None = None

    def __str__(self) -> str:
        told = [] if self.rate is None else [f"rate {self.rate:g}"]
        told += [] if self.slots is None else [f"at once {self.slots}"]
        return ", ".join(told) or "as configured"


class Steering:
    """The writer of what operators set. Workers follow within a second or two: they look with every request."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def pause(self, name: AccountName, who: str) -> tuple[str, str]:
        """Let the account send nothing more; its reports are still fetched. The states before and after."""
        return await self._control(name, "pause", who)

    async def resume(self, name: AccountName, who: str) -> tuple[str, str]:
        """Take a pause back; an account that is blocked for another reason stays so. The states before and after."""
        return await self._control(name, "resume", who)

    async def limits(self, entry: AccountEntry) -> Limits:
        """What is set for the account's login now."""
        rate, slots = await self._redis.hmget(keys.limits(entry.login), ["rate", "slots"])
        return Limits(rate=float(rate) if rate else None, slots=int(slots) if slots else None)

    async def limit(self, entry: AccountEntry, limits: Limits, who: str) -> None:
        """Set limits for the account's login, and so for every account on it; LimitsError when they cannot be.

        `slots` may be fewer than volley.toml says, and not more: a worker has no more connections.
        """
        if limits.rate is not None and not LEAST_RATE <= limits.rate <= MOST_RATE:  # also refuses what is no number
            raise LimitsError(f"a rate is {LEAST_RATE} to {MOST_RATE:,.0f} requests a second")
        if limits.slots is not None and not 1 <= limits.slots <= entry.in_flight:
            raise LimitsError(f"requests at once are 1 to {entry.in_flight}: more is for volley.toml and a restart")
        key = keys.limits(entry.login)
        fields = {"rate": limits.rate, "slots": limits.slots}
        given = {name: f"{value:g}" for name, value in fields.items() if value is not None}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(key)
            if given:
                pipe.hset(key, mapping={**given, "by": who, "at": math.floor(time.time())})
            await pipe.execute()

    async def _control(self, name: AccountName, action: Literal["pause", "resume"], who: str) -> tuple[str, str]:
        answer: Awaitable[list[bytes]] = _PAUSE.run(self._redis, [keys.account(name)], [action, who])
        before, after = await answer
        return before.decode(errors="backslashreplace"), after.decode()
