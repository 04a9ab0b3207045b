"""What work costs: processor time of each process, and what Redis counts, between two moments."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.bench.arena import Arena

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat behind the name, from 0 (proc(5): 14 and 15 from 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One moment. Seconds of processor time since each process began; Redis' own counters since its start."""

    messages: float
    requests: float
    workers: float
    gateway: float
    redis: float
    commands: float
    round_trips: float
    bytes: float


def read(place: Arena, workers: Sequence[int]) -> Reading:
    """Read everything now."""
    counted = place.counted()
    stats, cpu = place.redis.info("stats"), place.redis.info("cpu")
    return Reading(
        messages=counted["messages"],
        requests=counted["requests"],
        workers=sum(map(cpu_seconds, workers)),
        gateway=cpu_seconds(place.ground.pid("gateway")),
        redis=float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"]),
        commands=float(stats["total_commands_processed"]),
        round_trips=float(stats["total_reads_processed"]),
        bytes=float(stats["total_net_input_bytes"]) + float(stats["total_net_output_bytes"]),
    )


def costs(first: Reading, last: Reading) -> dict[str, float]:
    """What one message cost between two readings: µs of processor time, Redis commands, round trips, bytes.

    Commands count those that scripts run; round trips are the times that Redis read from a connection.
    """
    messages = last.messages - first.messages
    if messages <= 0:
        return {}
    return {
        "worker µs": (last.workers - first.workers) * 1e6 / messages,
        "redis µs": (last.redis - first.redis) * 1e6 / messages,
        "gateway µs": (last.gateway - first.gateway) * 1e6 / messages,
        "commands": (last.commands - first.commands) / messages,
        "round trips": (last.round_trips - first.round_trips) / messages,
        "bytes": (last.bytes - first.bytes) / messages,
    }


def cpu_seconds(pid: int) -> float:
    """Processor time of a process with all its threads; 0 where the system has no /proc."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0.0
    fields = told.rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS


def resident_bytes(pid: int) -> int:
    """The most memory a process has held; 0 where the system has no /proc."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
