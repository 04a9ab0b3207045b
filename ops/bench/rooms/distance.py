"""Redis at a distance: drain, submit, urgent singles and reports through a proxy that makes round trips longer."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import redis

from ops.bench import draining
from ops.bench.arena import Arena, arena
from ops.bench.contenders import ARQ_TUNED, STOCK, VOLLEY, Contender
from ops.bench.plan import Bench
from ops.bench.rooms import tracking, urgent
from ops.bench.rounds import Measure, alternate

_SLOTS: Final = 100
_PACE: Final = 12_000
_ARQ_AT_A_DISTANCE: Final = 400
_PINGS: Final = 200
_BULK: Final = 20_000
_NOTE: Final = (
    "ping is the median round trip as a client measures it, with the proxy's own work in it; everything else as in"
    " the drain at 0 ms. Everybody reaches Redis over TCP on the loopback."
)


def row(label: str, distance: float) -> str:
    """How a row is called."""
    return f"{label}, +{distance * 1000:g} ms" if distance else f"{label}, loopback"


def run(bench: Bench) -> None:
    """Volley and stock arq, on the loopback and at each distance, in turn."""
    sheet = bench.book.sheet("distance", "Redis at a distance: drain, one request per message, 0 ms", _NOTE)
    contenders: dict[str, Measure] = {}
    for distance in (0.0, *bench.plan.distances):
        contenders[row(VOLLEY, distance)] = partial(_drain, bench, distance, _volley)
        contenders[row(ARQ_TUNED, distance)] = partial(_drain, bench, distance, _arq)
    alternate(bench, sheet, contenders, draining.RATE)
    if bench.plan.is_whole:
        _others(bench)


def _others(bench: Bench) -> None:
    submits = bench.book.sheet("distance-submit", "Redis at a distance: submit")
    ways = {row(VOLLEY, distance): partial(_submit, bench, distance) for distance in (0.0, *bench.plan.distances)}
    alternate(bench, submits, ways, "recipients/s")
    singles = bench.book.sheet("distance-urgent", f"Redis at a distance: urgent singles beside {_BULK:,} in bulk")
    for distance in (0.0, *bench.plan.distances):
        label = row(urgent.ROW, distance)
        singles.add(label, urgent.measure(bench, _BULK, distance))
        bench.say(f"distance: {label}: p99 {singles.median(label, urgent.P99):.0f} ms")
    reports = bench.book.sheet("distance-tracking", "Redis at a distance: reports by drain")
    for distance in (0.0, *bench.plan.distances):
        label = row(f"{tracking.DRAIN.label}, {bench.plan.tracked[0]:,} tracked", distance)
        reports.add(label, tracking.measure(bench, tracking.DRAIN, bench.plan.tracked[0], distance))
        bench.say(f"distance: {label}: {reports.median(label, tracking.RATE):,.0f} reports/s")


def _drain(
    bench: Bench, distance: float, measure: Callable[[Bench, Arena, float], dict[str, float]]
) -> dict[str, float]:
    with arena(slots=_SLOTS, distance=distance) as place:
        ping = _ping(place)
        return measure(bench, place, distance) | {"ping ms": ping * 1000}


def _volley(bench: Bench, place: Arena, _: float) -> dict[str, float]:
    return draining.volley(bench, place, int(_PACE * bench.plan.drain))


def _arq(bench: Bench, place: Arena, distance: float) -> dict[str, float]:
    arq: Contender = STOCK[0]
    pace = _ARQ_AT_A_DISTANCE if distance else arq.pace
    return draining.queue(bench, place, arq, int(pace * bench.plan.drain))


def _submit(bench: Bench, distance: float) -> dict[str, float]:
    count = bench.plan.submit // 10
    with arena(slots=1, distance=distance, gateway=False) as place:
        draining.configure(place, draining.AccountPlan(url="http://127.0.0.1:9"))
        draining.announce(place)
        told = draining.submit(bench, place, count)
        return {"recipients/s": count / float(told["seconds"]), "ping ms": _ping(place) * 1000}


def _ping(place: Arena) -> float:
    """The median round trip, in seconds."""
    client = redis.Redis.from_url(place.redis_url)
    took = []
    for _ in range(_PINGS):
        began = time.perf_counter()
        client.ping()
        took.append(time.perf_counter() - began)
    client.close()
    return statistics.median(took)
