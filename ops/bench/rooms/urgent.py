"""Urgent under load: single urgent messages while a large bulk campaign runs at its account's limit."""

import asyncio
import json
import random
import time
from typing import Final

from ops.bench import arrivals, draining
from ops.bench.arena import Arena, BenchError, arena
from ops.bench.draining import AccountPlan
from ops.bench.gateway_book import URGENT
from ops.bench.plan import Bench
from producer.client import CampaignProducer

ROW: Final = "urgent beside bulk"
P99: Final = "p99 ms"
_RATE: Final = 200
_SLOTS: Final = 14
_LATENCY: Final = 0.02
_EVERY: Final = 0.05
"""Seconds between singles on average: a tenth of the account's rate."""

_ARRIVES_WITHIN: Final = 30.0
_NOTE: Final = (
    "From the call of send_one until the request is at the provider: the producer's round trip, the queue and the"
    " throttle; the provider's own latency is not in it. One worker, rate 200/s, 14 at once, 20 ms."
)


def run(bench: Bench) -> None:
    """One run: the singles are its rounds."""
    sheet = bench.book.sheet("urgent", f"Urgent singles beside {bench.plan.urgent_bulk:,} in bulk", _NOTE)
    figures = measure(bench, bench.plan.urgent_bulk)
    sheet.add(ROW, figures)
    bench.say(f"urgent: p50 {figures['p50 ms']:.0f} ms, p99 {figures[P99]:.0f} ms")


def measure(bench: Bench, bulk: int, distance: float = 0.0) -> dict[str, float]:
    """Send singles beside `bulk` messages, with Redis so many seconds away."""
    with arena(slots=_SLOTS, latency=_LATENCY, distance=distance) as place:
        draining.configure(place, AccountPlan(rate=_RATE))
        draining.start_workers(place, 1)
        draining.submit(bench, place, bulk)
        place.wait_until(lambda: place.counted()["messages"] > 3 * _RATE, "bulk at its limit")
        sent = asyncio.run(_send(place.redis_url, bench.plan.urgent_singles))
        arrived = _arrived(place, len(sent))
        waits = [(arrived[number] - at) * 1000 for number, at in sent.items()]
        used = arrivals.per_second(arrivals.unpacked(place.ask("/arrivals"))) / _RATE
    return {
        "p50 ms": arrivals.percentile(waits, 0.5),
        P99: arrivals.percentile(waits, 0.99),
        "most ms": max(waits),
        "singles": float(len(waits)),
        "utilisation": used,
    }


async def _send(url: str, count: int) -> dict[str, float]:
    """Send singles, one after the other; when each was handed over, by MSISDN."""
    sent: dict[str, float] = {}
    pause = random.Random(4)  # noqa: S311  # not for secrets: the same pauses every time
    async with CampaignProducer.connected(url) as producer:
        for number in range(count):
            to = f"{URGENT}{number:07d}"
            sent[to] = time.monotonic()
            await producer.send_one(account_name="bench", to=to, text=f"Your code is {number:06d}")
            await asyncio.sleep(pause.uniform(0, 2 * _EVERY))
    return sent


def _arrived(place: Arena, count: int) -> dict[str, float]:
    def told() -> dict[str, float]:
        found: dict[str, float] = json.loads(place.ask("/urgent"))
        return found

    place.wait_until(lambda: len(told()) >= count, "every urgent message at the provider", _ARRIVES_WITHIN)
    arrived = told()
    if len(arrived) != count:
        raise BenchError(f"{len(arrived)} urgent messages arrived, {count} were sent")
    return arrived
