"""At the limit: how much of an account's rate is used, and whether any one-second window holds more.

One worker process, two, four, each serving three accounts with rates of 5, 50 and 500 at the same time, each
account at a gateway of its own with 14 requests at once. Counted at the gateway.
"""

import time

from ops.bench import arrivals, draining
from ops.bench.arena import Arena, arena
from ops.bench.draining import AccountPlan
from ops.bench.plan import Bench

RATES = (5, 50, 500)
USED = "utilisation"
VIOLATIONS = "violations"
_SLOTS = 14
_LATENCY = 0.01
_WARM = 2.0
"""Seconds after the first request that do not count for utilisation; for violations everything counts."""

_SPARE = 15.0
_START_WITHIN = 30.0
_NOTE = (
    "Utilisation: accepted / (rate x seconds), from two seconds after the first request. Violations: requests that"
    " found as many as the rate within the second before them, from the very first request on."
)


def row(rate: int, processes: int) -> str:
    """How a row is called."""
    return f"{rate}/s, {processes} process{'es' if processes > 1 else ''}"


def run(bench: Bench) -> None:
    """Every number of processes once: what is counted is not how fast the machine is."""
    for processes in bench.plan.limit_processes:
        _run(bench, processes)


def _run(bench: Bench, processes: int) -> None:
    sheet = bench.book.sheet("limit", "At the limit, 14 requests at once, 10 ms", _NOTE)
    with arena(slots=_SLOTS, gateway=False) as place:
        gateways = {rate: place.new_gateway(f"gateway {rate}", _LATENCY) for rate in RATES}
        plans = (AccountPlan(name=f"r{rate}", rate=rate, url=url) for rate, url in gateways.items())
        draining.configure(place, *plans)
        draining.announce(place)
        for rate in RATES:
            draining.submit(bench, place, int(rate * (bench.plan.limit_seconds + _SPARE)), account=f"r{rate}")
        draining.start_workers(place, processes)
        for url in gateways.values():
            _wait_for_first(place, url)
        time.sleep(_WARM + bench.plan.limit_seconds)
        for rate, url in gateways.items():
            figures = _figures(place, rate, url, bench.plan.limit_seconds)
            sheet.add(row(rate, processes), figures)
            bench.say(f"limit: {row(rate, processes)}: {figures[USED]:.3f}, {figures[VIOLATIONS]:.0f} violations")


def _wait_for_first(place: Arena, url: str) -> None:
    place.wait_until(lambda: len(place.ask("/arrivals", url)) > 0, "the first request", _START_WITHIN)


def _figures(place: Arena, rate: int, url: str, seconds: float) -> dict[str, float]:
    times = arrivals.unpacked(place.ask("/arrivals", url))
    begin = times[0] + _WARM
    return {
        USED: arrivals.within(times, begin, begin + seconds) / (rate * seconds),
        VIOLATIONS: arrivals.violations(times, rate),
        "most in a second": arrivals.most_within(times),
        "longest gap s": arrivals.longest_gap(times),
    }
