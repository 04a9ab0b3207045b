"""The documented limits of calls other than sending: how much of each is used just now."""

from collections.abc import Iterable
from dataclasses import dataclass

from ops.readings.fields import clock, readable
from producer.contract import keys
from producer.contract.client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One limit of one call: `used` of `most` requests in any `seconds`."""

    call: str
    used: int
    most: int
    seconds: float


async def read_budgets(redis: Client, logins: Iterable[str]) -> dict[str, tuple[Budget, ...]]:
    """Of each provider login, the calls that were made within a day; two round trips."""
    names = list(logins)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        for login in names:
            pipe.hgetall(keys.budget(login))
        time, *found = await pipe.execute()
    now = clock(time).timestamp() * 1000
    windows: list[tuple[str, str, int, int]] = []
    for login, fields in zip(names, found, strict=True):
        for name, packed in sorted(fields.items()):
            most, length = packed.split()
            windows.append((login, readable(name), int(most), int(length)))
    async with redis.pipeline(transaction=False) as pipe:
        for login, window, _, length in windows:
            pipe.zcount(keys.window(login, window), now - length, "+inf")
        used = await pipe.execute()
    budgets: dict[str, list[Budget]] = {login: [] for login in names}
    for (login, window, limit, length), count in zip(windows, used, strict=True):
        call = window.rpartition(".")[0]
        budgets[login].append(Budget(call=call, used=count, most=limit, seconds=length / 1000))
    return {login: tuple(each) for login, each in budgets.items()}
