"""Login attempts, counted in Redis over all web processes: so many in a quarter of an hour, then no more."""

import hashlib
from typing import Final

from producer.contract import keys
from producer.contract.client import Client

WINDOW: Final = 900
"""Seconds from the first failed attempt until it is forgotten."""

MOST_PAIR: Final = 5
MOST_ADDRESS: Final = 20
MOST_NAME: Final = 100
MOST_BEARER: Final = 50
"""Attempts in a window: of one name from one address, from one address, of one name from anywhere, and wrong tokens
from one address. Those by name are wide, so that whoever only knows a name cannot easily keep its owner out."""

Limits = tuple[tuple[str, int], ...]


class Attempts:
    """The counter of attempts. Take one before a password is looked at; forgive after it was right."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def take(self, name: str, address: str) -> int:
        """Count one attempt. 0: it may be looked at; else the seconds until it may."""
        return await self._take(_limits(name, address))

    async def take_bearer(self, address: str) -> int:
        """Count one wrong bearer token. 0: more may be offered; else the seconds until they may."""
        return await self._take(((_key("bearer", address), MOST_BEARER),))

    async def forgive(self, name: str, address: str) -> None:
        """Forget the attempts of a name from an address: it was right. Those of the address alone stay."""
        await self._redis.delete(_limits(name, address)[0][0])

    async def _take(self, limits: Limits) -> int:
        async with self._redis.pipeline(transaction=True) as pipe:
            for key, _ in limits:
                pipe.set(key, 0, ex=WINDOW, nx=True)
                pipe.incr(key)
                pipe.ttl(key)
            answers = await pipe.execute()
        waits = [
            max(1, int(left))
            for (_, most), count, left in zip(limits, answers[1::3], answers[2::3], strict=True)
            if count > most
        ]
        return max(waits, default=0)


def _limits(name: str, address: str) -> Limits:
    return (
        (_key("pair", name, address), MOST_PAIR),
        (_key("address", address), MOST_ADDRESS),
        (_key("name", name), MOST_NAME),
    )


def _key(*parts: str) -> str:
    """Hashed: names and addresses are any text, and nobody's business in Redis."""
    text = "\0".join(parts).encode(errors="surrogatepass")
    return keys.web_attempts(hashlib.blake2b(text, digest_size=12).hexdigest())
