"""The suppression list: MSISDNs that asked not to be written to. The producer refuses them, the claim stops them."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import Msisdn

_YEAR_2100: Final = 4_102_444_800

REASON = "the number is on the suppression list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """One entry: who, since when (unix seconds), and why in words."""

    msisdn: Msisdn
    since: int
    why: str


class SuppressionList:
    """One list for all accounts."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def add(self, msisdn: Msisdn, why: str) -> bool:
        """Add an MSISDN; True when it was not there. The first reason stays."""
        entry = orjson.dumps({"since": int(time.time()), "why": why[:200]})
        return bool(await self._redis.hsetnx(keys.SUPPRESSED, msisdn, entry))

    async def remove(self, msisdn: Msisdn) -> bool:
        """Remove an MSISDN; True when it was there."""
        return bool(await self._redis.hdel(keys.SUPPRESSED, msisdn))

    async def among(self, msisdns: Sequence[Msisdn]) -> set[Msisdn]:
        """Which of these are on the list; one round trip while there is nobody on it, else two."""
        if not msisdns or await self.is_empty():
            return set()
        found = await self._redis.hmget(keys.SUPPRESSED, msisdns)
        return {msisdn for msisdn, entry in zip(msisdns, found, strict=True) if entry is not None}

    async def is_empty(self) -> bool:
        """Whether there is nobody on the list."""
        return not await self._redis.exists(keys.SUPPRESSED)

    async def entries(self) -> AsyncIterator[Suppressed]:
        """Everybody on the list, in no order, read piece by piece."""
        async for msisdn, entry in self._redis.hscan_iter(keys.SUPPRESSED, count=500):
            yield read_entry(msisdn, entry)


def read_entry(msisdn: bytes, entry: bytes) -> Suppressed:
    """One entry as it is stored. Of one that somebody else wrote in another way, the number is what counts."""
    number = Msisdn(msisdn.decode(errors="replace"))
    try:
        match orjson.loads(entry):
            case {"since": int(since), "why": str(why)} if 0 <= since < _YEAR_2100:
                return Suppressed(msisdn=number, since=since, why=why)
    except orjson.JSONDecodeError:
        pass
    return Suppressed(msisdn=number, since=0, why="an entry that cannot be read")
