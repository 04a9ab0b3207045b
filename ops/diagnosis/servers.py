"""The Redis server: whether it fits, keeps what it is told, has room, is near, and shows the same time as we do."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from ops.diagnosis.check import Check, Health
from ops.diagnosis.clocks import clock_check
from ops.readings import ServerReading
from ops.readings.fields import read_clock
from producer.contract.client import Client

_LEAST_REDIS: Final = (6, 2)  # README, Deploying
_FULL: Final = 0.9
_FILLING: Final = 0.75
_FAR: Final = 0.005
_LOOKS: Final = 7
_MEGA: Final = 1_000_000


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
    yield _version(server)
    yield _keeping(server)
    yield _evicting(server)
    yield _memory(server)
    yield _distance(timing)
    yield clock_check("redis clock", timing.clock_ahead, whose="Redis'", allowed=1.0)


def _version(server: ServerReading) -> Check:
    name, said = "redis version", f"{server.product} {server.version}"
    if server.is_cluster:
        said, remedy = (
            f"{said}, a cluster",
            "Use one primary, with replicas if you like: a script touches several keys.",
        )
    elif server.is_replica:
        said, remedy = f"{said}, a replica", "Let REDIS_URL name the primary, or an address that follows it."
    elif server.product == "Redis" and _number(server.version) < _LEAST_REDIS:
        remedy = "Use Redis 6.2 or newer, or Valkey."
    else:
        return Check(name=name, said=said)
    return Check(name=name, health=Health.WRONG, said=said, remedy=remedy)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _keeping(server: ServerReading) -> Check:
    name = "redis persistence"
    if server.writes_fail:
        return Check(
            name=name,
            health=Health.WRONG,
            said="the last write to its disk failed",
            remedy="Look at the server's log, and at the room and the rights of its directory.",
        )
    if server.persists is False:
        return Check(
            name=name,
            health=Health.WRONG,
            said="nothing is kept on disk: a restart would lose every campaign",
            remedy="Turn it on: CONFIG SET appendonly yes, and `appendonly yes` in its configuration.",
        )
    if server.persists is None:
        return Check(
            name=name,
            health=Health.NOTICE,
            said="the server does not say whether it keeps anything on disk",
            remedy="Look at your provider's settings: append-only file on.",
        )
    if not server.appends or server.fsync == "no":
        said = "only snapshots" if not server.appends else "appendfsync no"
        return Check(
            name=name,
            health=Health.NOTICE,
            said=f"{said}: a crash would lose minutes, and what was claimed in them may be sent a second time",
            remedy="Turn the append-only file on: appendonly yes, appendfsync everysec.",
        )
    return Check(name=name, said=f"append-only file, fsync {server.fsync or 'not told'}")


def _evicting(server: ServerReading) -> Check:
    name, said = "redis maxmemory-policy", server.policy
    if server.evicted:
        return Check(
            name=name,
            health=Health.WRONG,
            said=f"{said}; {server.evicted:,} keys were thrown away since its start",
            remedy="Set maxmemory-policy noeviction, give it more memory, and compare campaigns with the provider.",
        )
    if server.policy != "noeviction":
        return Check(
            name=name,
            health=Health.WRONG if server.may_evict else Health.NOTICE,
            said=f"{said}: keys are thrown away when memory is full",
            remedy="Set it to noeviction: a full Redis must refuse, never forget.",
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
