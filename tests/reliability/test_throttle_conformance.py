"""The provider's own record: over several processes, kills, wrong clocks and new limits, nobody is too fast.

With LONG=1 in the environment each takes minutes; --log-cli-level=INFO shows the figures.
"""

import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from subprocess import Popen

import pytest

from producer.contract import keys
from producer.contract.messages import AccountName
from producer.directory import account as announced
from tests.reliability.arrivals import between, earliness, fullest, utilisation
from tests.support import running, wait_until
from tests.support_provider import Provider, provider_at, sandbox_process
from tests.support_system import System, account, kill, numbers

log = logging.getLogger(__name__)

LONG = bool(os.environ.get("LONG"))
RATE, SLOTS = 100, 8
LATENCY = 0.03
SECONDS = 60 if LONG else 4

JITTER = 0.2
"""Seconds by which arrivals may bunch up: what two busy cores put between a permit and the sandbox's clock. The
permits themselves are held to thousandths of a millisecond (test_throttle_permits)."""

SETTLES = 0.3
"""Seconds after a change within which permits that were given before it may still arrive."""


@pytest.fixture
async def crowded(system: System) -> AsyncIterator[System]:
    """One account of the sandbox, at which several processes send."""
    with sandbox_process(["--account", "login=north,secret=north-secret,key=north-key,family=restv2"]) as url:
        async with provider_at(url) as provider:
            await provider.switch("restv2/north", latency=LATENCY)
            system.provider = provider
            system.sending = {"request_timeout": 1}
            system.accounts = {"athens": account("restv2", "north", rate=RATE, in_flight=SLOTS)}
            yield system


async def submit(system: System, seconds: float) -> int:
    """More than can be sent in so many seconds."""
    total = int(RATE * seconds)
    await system.announced()
    await system.producer.submit(account_name="athens", campaign_id="athens", text="Hello", recipients=numbers(total))
    return total


async def until_sent(system: System, count: int) -> None:
    async def has_come() -> bool:
        return len(await system.provider.arrivals("restv2/north")) >= count

    await wait_until(has_come, description=f"{count} requests", timeout=40 + 2 * SECONDS)


async def audit(provider: Provider, what: str, *, rate: float = RATE) -> list[float]:
    """The arrivals, held to the rate and the slots; the figures are printed."""
    arrivals, seen = await provider.arrivals("restv2/north"), await provider.summary("restv2/north")
    tell(what, arrivals, rate)
    log.info("at once: %d of %d", seen["max_simultaneous"], SLOTS)
    assert earliness(arrivals, rate) <= jitter(rate)
    assert seen["max_simultaneous"] <= SLOTS
    return arrivals


def jitter(rate: float) -> float:
    """Seconds: `JITTER`, and what the slots let through at a low rate when the sandbox itself stood still."""
    return max(JITTER, SLOTS / rate)


def tell(what: str, arrivals: Sequence[float], rate: float) -> None:
    """The figures, for whoever runs this with --log-cli-level=INFO."""
    used, early = utilisation(arrivals, rate), earliness(arrivals, rate) * 1000
    most = fullest(arrivals, 1.0)
    log.info(
        "%s: %d requests, %.1f %% of %g/s, %.0f ms early at worst, %d in the fullest second",
        *(what, len(arrivals), used * 100, rate, early, most),
    )


async def test_several_processes_that_die_in_mid_lease_stay_within_rate_and_slots(crowded: System) -> None:
    """SIGKILL with requests on the wire and permits in hand, again and again. The provider works on what the dead
    have asked for; their slots are not given to others before that is over.
    """
    total = await submit(crowded, SECONDS)
    kills = max(3, SECONDS // 5)
    with ExitStack() as stack:
        workers = [stack.enter_context(crowded.starting("send")) for _ in range(3)]
        for number in range(1, kills + 1):
            await until_sent(crowded, total * number // (kills + 2))
            kill(workers.pop(0))
            workers.append(stack.enter_context(crowded.starting("send")))
        await until_sent(crowded, int(total * 0.9))
    await audit(crowded.provider, f"{kills} kills")
    await crowded.check_nobody_twice()


async def test_wrong_clocks_change_nothing(crowded: System) -> None:
    """One process lives an hour ahead and runs fast, one an hour behind and slow: limits are on Redis' clock."""

    async def all_beat() -> bool:
        return len(await crowded.beating()) == 3

    with skewed(crowded, 3600, 1.3), skewed(crowded, -3600, 0.7), crowded.starting("send"):
        await wait_until(all_beat, description="all three are at work")  # two of them have all to import
        total = await submit(crowded, SECONDS)
        await until_sent(crowded, int(total * 0.95))
        assert await all_beat()
    await audit(crowded.provider, "wrong clocks")
    await crowded.check_nobody_twice()


async def test_a_rate_that_is_changed_while_three_processes_send_holds_from_then_on(crowded: System) -> None:
    """Down to a quarter, and up to one and a half: first exactly the new one, then (slowly) more, never above it."""
    low, high = RATE / 4, RATE * 1.5
    await submit(crowded, SECONDS * 3)
    with crowded.starting("send"), crowded.starting("send"), crowded.starting("send"):
        await until_sent(crowded, RATE * SECONDS // 3)
        lowered = await set_rate(crowded, low)
        await until_sent(crowded, await count(crowded) + int(low * SECONDS / 2))
        raised = await set_rate(crowded, high)
        await until_sent(crowded, await count(crowded) + RATE * SECONDS // 3)
        ended = time.monotonic()
    arrivals = await crowded.provider.arrivals("restv2/north")
    for what, rate, start, end in (
        ("as configured", RATE, 0.0, lowered),
        ("lowered", low, lowered + SETTLES, raised),
        ("raised", high, raised + SETTLES, ended),
    ):
        part = between(arrivals, start, end)
        tell(what, part, rate)
        assert earliness(part, rate) <= jitter(rate)
        assert len(part) > 10
    if LONG:
        assert utilisation(between(arrivals, lowered + SETTLES, raised), low) >= 0.9
    assert (await crowded.provider.summary("restv2/north"))["max_simultaneous"] <= SLOTS
    await crowded.redis.delete(keys.limits((await announced(crowded.producer._redis, AccountName("athens"))).login))


async def count(system: System) -> int:
    return len(await system.provider.arrivals("restv2/north"))


async def set_rate(system: System, rate: float) -> float:
    """Set the account's rate as an operator does; when, on the clock that all processes of this machine share."""
    entry = await announced(system.producer._redis, AccountName("athens"))
    await system.redis.hset(keys.limits(entry.login), "rate", rate)
    return time.monotonic()


@contextmanager
def skewed(system: System, ahead: float, pace: float) -> Iterator[Popen[str]]:
    """A send worker with wrong clocks."""
    system.settings()
    log = system.folder / f"skewed-{ahead:g}.log"
    command = [sys.executable, "-m", "tests.reliability.skewed_worker", "send", f"{ahead}", f"{pace}"]
    with log.open("w") as stderr, running(command, env=system.environment, stderr=stderr) as process:
        yield process
