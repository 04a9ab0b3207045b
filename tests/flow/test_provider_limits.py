"""The limit is the speed: several processes together never pass it, and come close to it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.support_provider import Provider, fastest, provider_at, sandbox_process
from tests.support_system import System, account, numbers
from worker.stopping import end

ROOM = 1.05
"""The provider allows five hundredths more than is configured: requests travel, and do not all travel alike."""

_LEAST_USED = 0.9
_STEP = 0.02  # seconds between two looks whether the provider answers


@pytest.fixture
async def strict(system: System) -> AsyncIterator[System]:
    """A provider that counts every second in which an account had too many send requests."""
    rates = {"smsc": 40, "restv2": 100}
    options = [
        f"login=north,secret=north-secret,key=north-key,family={family},rate={round(rate * ROOM)},over_rate=count"
        for family, rate in rates.items()
    ]
    with sandbox_process([word for option in options for word in ("--account", option)]) as url:
        async with provider_at(url) as provider:
            system.provider = provider
            system.accounts = {
                "moscow": account("smsc", "north", rate=rates["smsc"], in_flight=6, batch=1),
                "athens": account("restv2", "north", rate=rates["restv2"], in_flight=8),
            }
            yield system


async def test_three_processes_stay_under_one_limit_and_use_it(strict: System) -> None:
    """Three senders share two accounts. The provider sees no second with too many requests, never more at once
    than configured, and for seconds on end at least nine tenths of what it allows. A machine that has much else to
    do is given five campaigns to show that: a throttle that gives away speed does so in each. When the provider
    itself stands still, it sees at one moment what came meanwhile: then its second is longer by as much.
    """
    for name in ("smsc/north", "restv2/north"):
        await strict.provider.switch(name, latency=0.03)
    totals = {"moscow": 200, "athens": 500}
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(strict.worker("send"))
        answered_in = await stack.enter_async_context(_looked_at(strict.provider))
        for turn in range(1, 6):
            for name, total in totals.items():
                await strict.producer.submit(
                    account_name=name, campaign_id=f"{name}-{turn}", text=f"Hello {turn}", recipients=numbers(total)
                )
            await strict.sent(*(f"{name}-{turn}" for name in totals))
            second = 1 + max(answered_in) + _STEP
            used = {
                "moscow": await _used(strict.provider, "smsc/north", second, rate=40, slots=6, total=200 * turn),
                "athens": await _used(strict.provider, "restv2/north", second, rate=100, slots=8, total=500 * turn),
            }
            if min(used.values()) >= _LEAST_USED:
                break
    assert min(used.values()) >= _LEAST_USED, used


@asynccontextmanager
async def _looked_at(provider: Provider) -> AsyncIterator[list[float]]:
    """How many seconds the provider took to answer each of our questions meanwhile."""
    answered_in = []

    async def look() -> None:
        while True:
            asked_at = time.monotonic()
            await provider.accepted()
            answered_in.append(time.monotonic() - asked_at)
            await asyncio.sleep(_STEP)

    looking = asyncio.create_task(look())
    try:
        yield answered_in
    finally:
        await end([looking])


async def _used(provider: Provider, name: str, second: float, *, rate: float, slots: int, total: int) -> float:
    """The share of an account's rate that was used in the best three seconds; its limits must have held."""
    seen, arrivals = await provider.summary(name), await provider.arrivals(name)
    assert seen["accepted"] == len(arrivals) == total
    assert set(seen["violations"]) <= {"rate"}, "which is counted here"
    assert fastest(arrivals, seconds=1) <= rate * ROOM * second, (seen["violations"], second)
    assert seen["max_simultaneous"] <= slots
    return fastest(arrivals, seconds=3) / rate


async def test_reports_that_trickle_in_take_a_tenth_of_the_rate_from_the_senders(system: System) -> None:
    """While a campaign runs, every drain finds a few new reports and says there may be more. The tracker asked
    again at once, as fast as the rate allowed: one request in two was a drain, and the campaign ran at half speed.
    """
    system.accounts = {"athens": account("restv2", "north", rate=80, in_flight=8)}
    async with system.worker("track"), system.worker("send"):
        await system.producer.submit(
            account_name="athens", campaign_id="athens", text="Hello", recipients=numbers(400)
        )
        await system.sent("athens")
        requests = (await system.provider.summary("restv2/north"))["requests"]
        arrivals = await system.provider.arrivals("restv2/north")

    assert requests["send"] == len(arrivals) == 400
    seconds = max(400 / 80, max(arrivals) - min(arrivals))  # a busy machine needs more of them
    assert requests["drain"] <= 0.25 * 80 * seconds
