"""Submit: from a CSV file to stored, beside each peer's own way to enqueue."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Final

from ops.bench import draining
from ops.bench.arena import Arena, arena
from ops.bench.contenders import PEERS, VOLLEY, Contender, python_of
from ops.bench.plan import Bench
from ops.bench.rooms.redis_costs import used
from ops.bench.rounds import Measure, alternate

RATE: Final = "recipients/s"
PEAK: Final = "peak MB"
SECONDS: Final = "seconds"
_ARQ: Final = "ops.bench.peers.arq_peer"
SINGLE: Final = "stock arq, one by one"
GATHERED: Final = "stock arq, gathered by 100"
_WAYS: Final = (
    Contender(label=SINGLE, module=_ARQ, pace=0, enqueue=("single",)),
    Contender(label=GATHERED, module=_ARQ, pace=0, enqueue=("gathered",)),
    *PEERS,
)
PEER_LABELS: Final = (GATHERED, *(peer.label for peer in PEERS))
_NOTE: Final = (
    "Rows of a number and two values. Volley normalises, de-duplicates, counts segments and stores chunks; the peers"
    " store a job per row, unchecked. Peak memory is of the whole process."
)


def run(bench: Bench) -> None:
    """Everybody in turn."""
    sheet = bench.book.sheet("submit", f"Submit {bench.plan.submit:,} (peers: {bench.plan.peer_submit:,})", _NOTE)
    ways = _WAYS if bench.peers else _WAYS[:2]
    contenders: dict[str, Measure] = {VOLLEY: partial(_volley, bench)}
    contenders |= {way.label: partial(_peer, bench, way) for way in ways}
    alternate(bench, sheet, contenders, RATE)


def volley(bench: Bench, place: Arena, count: int) -> dict[str, float]:
    """Submit `count` to Volley in an arena."""
    draining.configure(place, draining.AccountPlan(url="http://127.0.0.1:9"))
    draining.announce(place)
    draining.warm(bench, place)
    before = _redis(place)
    told = draining.submit(bench, place, count)
    return _figures({name: float(told[name]) for name in ("count", "seconds", "peak_bytes")}, before, _redis(place))


def _volley(bench: Bench) -> dict[str, float]:
    with arena(slots=1, gateway=False) as place:
        return volley(bench, place, bench.plan.submit)


def _peer(bench: Bench, way: Contender) -> dict[str, float]:
    with arena(slots=100, gateway=False) as place:
        before = _redis(place)
        told = json.loads(
            place.run(way.filling(python_of(way, bench.peers), bench.rows.file(bench.plan.peer_submit)))
        )
        return _figures(told, before, _redis(place))


def _redis(place: Arena) -> dict[str, float]:
    """Redis' memory in bytes and processor time in seconds."""
    cpu = place.redis.info("cpu")
    return {
        "memory": used(place),
        "cpu": float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"]),
    }


def _figures(told: Mapping[str, float], before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {
        RATE: told["count"] / told["seconds"],
        SECONDS: told["seconds"],
        PEAK: told["peak_bytes"] / 1e6,
        "redis µs": (after["cpu"] - before["cpu"]) * 1e6 / told["count"],
        "redis bytes": (after["memory"] - before["memory"]) / told["count"],
    }
