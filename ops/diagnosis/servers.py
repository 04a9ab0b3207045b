"""The Redis server: whether it fits, keeps what it is told, has room, is near, and shows the same time as we do."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from ops.diagnosis.check import Check, Health
from ops.diagnosis.clocks import clock_check
from ops.readings import ServerReading
from ops.readings.fields import read_clock
from ops.readings.server import Concern, concerns
from producer.contract.client import Client

_LEAST_REDIS: Final = (6, 2)  # README, Deploying
_FULL: Final = 0.9
_FILLING: Final = 0.75
_FAR: Final = 0.005
_LOOKS: Final = 7
_MEGA: Final = 1_000_000
_SYNCED: Final = {
    "always": "forced to disk at every write: nothing is forgotten, should its machine lose power",
    "everysec": "forced to disk every second: should its machine lose power, what was sent in the last one or two"
    " is sent again (appendfsync always: nothing is)",
    "no": "forced to disk by the system",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds: how long a round trip takes (the median of a few), and how far the server's clock is ahead of ours."""

    round_trip: float
    clock_ahead: float


async def read_timing(redis: Client) -> Timing:
    """Ask for the time a few times; the quickest answer tells the clock best."""
    looks = []
    for _ in range(_LOOKS):
        before, began = time.time(), time.perf_counter()
        theirs = (await read_clock(redis)).timestamp()
        took = time.perf_counter() - began
        looks.append((took, theirs - (before + took / 2)))
    return Timing(round_trip=median(took for took, _ in looks), clock_ahead=min(looks)[1])


def server_checks(server: ServerReading, timing: Timing) -> Iterator[Check]:
    """Everything that is to be said of the server."""
    found = {concern.name: concern for concern in concerns(server)}
    yield _first(found, ("redis-cluster", "redis-replica"), _version(server))
    yield _first(
        found,
        ("redis-cannot-write", "redis-not-persistent", "redis-only-snapshots", "redis-lazy-disk"),
        _keeping(server),
    )
    yield _first(found, ("redis-may-evict",), _evicting(server))
    yield _first(found, ("redis-memory",), _memory(server))
    yield _distance(timing)
    yield clock_check("redis clock", timing.clock_ahead, whose="Redis'", allowed=1.0)


def _first(found: Mapping[str, Concern], names: Sequence[str], otherwise: Check) -> Check:
    """The first of these concerns that there is, under the name of the check that it takes the place of."""
    concern = next((found[name] for name in names if name in found), None)
    if concern is None:
        return otherwise
    health = Health.WRONG if concern.is_grave else Health.NOTICE
    return Check(name=otherwise.name, health=health, said=f"{otherwise.said}. {concern.wrong}", remedy=concern.remedy)


def _version(server: ServerReading) -> Check:
    name, said = "redis version", f"{server.product} {server.version}"
    if server.product == "Redis" and _number(server.version) < _LEAST_REDIS:
        remedy = "Use Redis 6.2 or newer, or Valkey."
        return Check(name=name, health=Health.WRONG, said=f"{said}, which lacks commands", remedy=remedy)
    return Check(name=name, said=said)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _keeping(server: ServerReading) -> Check:
    name = "redis persistence"
    if server.persists is None:
        return Check(
            name=name,
            health=Health.NOTICE,
            said="the server does not say whether it keeps anything on disk",
            remedy="Look at your provider's settings: append-only file on.",
        )
    appended = f"append-only file, {_SYNCED.get(server.fsync, 'and nobody says when it is forced to disk')}"
    kinds = {True: appended, False: "snapshots"}
    return Check(name=name, said=kinds[server.appends] if server.persists else "none")


def _evicting(server: ServerReading) -> Check:
    name, said = "redis maxmemory-policy", server.policy
    if server.evicted:
        return Check(
            name=name,
            health=Health.WRONG,
            said=f"{said}; {server.evicted:,} keys were thrown away since its start",
            remedy="Set maxmemory-policy noeviction, give it more memory, and compare campaigns with the provider.",
        )
    if server.policy != "noeviction" and not server.memory_limit:
        return Check(
            name=name,
            health=Health.NOTICE,
            said=f"{said}: keys would be thrown away, were there a limit of memory",
            remedy="Set it to noeviction before you set one: a full Redis must refuse, never forget.",
        )
    return Check(name=name, said=said)


def _memory(server: ServerReading) -> Check:
    room, whose = (server.memory_limit, "maxmemory") if server.memory_limit else (server.machine, "its machine")
    said = f"{server.memory / _MEGA:,.0f} MB used"
    share = server.memory / room if room else 0.0
    if room:
        said += f", {share:.0%} of {whose}"
    if share < _FILLING:
        return Check(name="redis memory", said=said)
    health = Health.WRONG if share >= _FULL else Health.NOTICE
    remedy = "Give it more memory, or keep finished campaigns for a shorter time (finished_for in [retention])."
    return Check(name="redis memory", health=health, said=said, remedy=remedy)


def _distance(timing: Timing) -> Check:
    said = f"{timing.round_trip * 1000:.1f} ms a round trip"
    if timing.round_trip < _FAR:
        return Check(name="redis distance", said=said)
    remedy = "Run the workers near Redis: each of their steps waits for a round trip."
    return Check(name="redis distance", health=Health.NOTICE, said=said, remedy=remedy)
