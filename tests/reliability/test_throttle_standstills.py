"""Processes that stand still in turn: what each was leased meanwhile does not come on top of what the others send."""

import json
import logging
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

from redis.asyncio import Redis

from tests.reliability.arrivals import fullest, utilisation
from tests.support import running

log = logging.getLogger(__name__)

LONG = bool(os.environ.get("LONG"))
RATE = 400
PROCESSES = 3
SECONDS = 60 if LONG else 4
STANDSTILL = 0.15
SEED = 7


def command(url: str, name: str) -> list[str]:
    return [sys.executable, "-m", "tests.reliability.departing", url, name, f"{RATE}", f"{SECONDS}"]


def stand_still_in_turn(processes: list[subprocess.Popen[str]]) -> int:
    """Stop one process after the other, for up to `STANDSTILL` seconds each. How often."""
    chance, count, ends = random.Random(SEED), 0, time.monotonic() + SECONDS
    while time.monotonic() < ends:
        victim = chance.choice(processes)
        time.sleep(chance.uniform(0.05, 0.25))
        victim.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.01, STANDSTILL))
        victim.send_signal(signal.SIGCONT)
        count += 1
    return count


async def test_no_second_holds_more_than_the_rate_when_processes_stand_still_in_turn(
    redis: Redis, redis_url: str
) -> None:
    """At each one's door, after its turn. A process that woke up sent what it held: 403 to 405 left in a second."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(running(command(redis_url, f"w{number}"), stdout=subprocess.PIPE))
            for number in range(PROCESSES)
        ]
        stops = stand_still_in_turn(processes)
        times = sorted(at for process in processes for at in json.loads(process.communicate(timeout=60)[0]))
    most = fullest(times, 1.0)
    log.info("%d standstills: %d in the fullest second, %.3f of the rate", stops, most, utilisation(times, RATE))
    assert most <= RATE
    assert len(times) > RATE * SECONDS / 4
