"""Outcomes by code, minute by minute, for the page: what happens now, where the totals tell what happened ever."""

import time
from collections.abc import Mapping
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName

_LIFE: Final = 900
"""Seconds that a minute is kept: ten of them are looked at, on a clock that may differ."""


async def add_minute(redis: Client, name: AccountName, outcomes: Mapping[tuple[str, str], int]) -> None:
    """Add counts by outcome and code to the present minute, in one round trip. Nothing to add costs nothing.

    How many fields a minute has is bounded by the provider's codes.
    """
    if not outcomes:
        return
    key = keys.minute(name, int(time.time()) // 60)
    async with redis.pipeline(transaction=False) as pipe:
        for (outcome, code), count in outcomes.items():
            pipe.hincrby(key, f"{outcome} {code}"[:100].rstrip(), count)
        pipe.expire(key, _LIFE)
        await pipe.execute()
