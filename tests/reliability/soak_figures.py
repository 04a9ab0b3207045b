"""What a soak gave, in figures, and what of it is not as it should be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.reliability.soak_measures import Generation, Life, Look, Slope

LONG: Final = 120.0
"""Seconds from which on a soak waits for what has an end of its own, and nothing of it may be left."""

_MOST_MORE_FILES: Final = 12
"""Connections that a pool opens later than in its first half: those of a bad moment."""

_BELIEVED_FROM: Final = 600.0
_MOST_SLOPE: Final = 100_000
"""Bytes a minute; believed when it was measured for ten minutes at least."""

Row = dict[str, Any]  # Any: JSON values


@dataclass(kw_only=True)
class Figures:
    """What a soak gave. `keys`, `redis_bytes`, `redis_clients`: at moments.

    `left`: keys and bytes at the very end, by row of the catalogue.
    """

    seconds: float
    rate: float
    messages: int = 0
    campaigns: int = 0
    accepted: int = 0
    duplicates: int = 0
    restarts: int = 0
    slowest_stop: float = 0.0
    ended_by_themselves: int = 0
    cores: float = 0.0
    processes: list[Row] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    redis_bytes: dict[str, int] = field(default_factory=dict)
    redis_clients: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    left: dict[str, list[int]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    @property
    def is_long(self) -> bool:
        return self.seconds >= LONG


def judge(figures: Figures, lives: Sequence[Life]) -> None:
    """Write down the processes, and complain of what grew, and of who was forgotten or sent to twice."""
    for life in lives:
        figures.processes.append(_row(life))
        before, after = _halves(life)
        grown = _most(after, "files") - _most(before, "files")
        if grown > _MOST_MORE_FILES:
            figures.complaints.append(f"{life.name}: {grown} more open files")
        figures.complaints += [f"{life.name}: {words}" for each in life.generations if (words := _growth(each))]
    if figures.accepted != figures.messages:
        figures.complaints.append(f"{figures.messages} submitted, {figures.accepted} accepted")
    if figures.duplicates or figures.ended_by_themselves:
        figures.complaints.append("somebody got a message twice, or a worker ended by itself")
    used = sum(each.looks[-1].cpu for life in lives for each in life.generations)
    figures.cores = round(used / figures.seconds, 3)


def glance(lives: Sequence[Life]) -> dict[str, float]:
    """What each process holds now, in MB."""
    return {f"{place} {life.name}": _mb(life.looks[-1].resident) for place, life in enumerate(lives) if life.looks}


def _growth(generation: Generation) -> str:
    """What to complain of a process that lived long enough; empty when of nothing."""
    rise = generation.slope
    if generation.seconds < _BELIEVED_FROM or rise is None or not rise.is_rise or rise.best <= _MOST_SLOPE:
        return ""
    return f"{rise.best / 1000:.0f} kB a minute"


def _row(life: Life) -> Row:
    before, after = _halves(life)
    return {
        "process": life.name,
        "most_files": [_most(looks, "files") for looks in (before, after)],
        "most_sockets": [_most(looks, "sockets") for looks in (before, after)],
        "generations": [_told(each) for each in life.generations],
    }


def _told(generation: Generation) -> Row:
    looks, settled = generation.looks, generation.settled()
    return {
        "seconds": round(generation.seconds, 1),
        "cpu_seconds": round(looks[-1].cpu, 1),
        "resident_mb": [_mb(each.resident) for each in (looks[0], settled[0], looks[-1])],
        "slope_kb_a_minute": _kb(generation.slope),
    }


def _halves(life: Life) -> tuple[Sequence[Look], Sequence[Look]]:
    looks = life.looks
    middle = (looks[0].at + looks[-1].at) / 2
    return [look for look in looks if look.at <= middle], [look for look in looks if look.at >= middle]


def _most(looks: Sequence[Look], what: str) -> int:
    return max(getattr(look, what) for look in looks)


def _mb(size: int) -> float:
    return round(size / 1e6, 1)


def _kb(rise: Slope | None) -> list[float] | None:
    """Best, lowest, highest."""
    return None if rise is None else [round(value / 1000, 1) for value in (rise.best, rise.low, rise.high)]
