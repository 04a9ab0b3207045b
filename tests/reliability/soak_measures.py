"""What a process holds, by the kernel's own account, and what its memory does over time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICK: Final = os.sysconf("SC_CLK_TCK")
_BLOCKS: Final = 10
_STUDENT: Final = 2.306
"""Of the t distribution: 95 % lie within it, for ten points and a line through them (eight degrees of freedom)."""

_FEWEST: Final = 2 * _BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at one process. `at`: seconds since the soak began; `resident` in bytes; `cpu`: seconds it had."""

    at: float
    resident: int
    files: int
    sockets: int
    cpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """How a measure rises, in its unit a minute: the best line, and where it lies with 95 % confidence."""

    best: float
    low: float
    high: float

    @property
    def is_rise(self) -> bool:
        """Whether it rises at all, as far as can be told."""
        return self.low > 0


@dataclass(kw_only=True)
class Generation:
    """One process from its first look to its last."""

    pid: int
    looks: list[Look] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.looks[-1].at - self.looks[0].at if self.looks else 0.0

    def settled(self) -> Sequence[Look]:
        """The second half of its life: in the first one caches and pools fill."""
        middle = self.looks[0].at + self.seconds / 2 if self.looks else 0.0
        return [look for look in self.looks if look.at >= middle]

    @property
    def slope(self) -> Slope | None:
        """Bytes a minute that its resident memory grew by in the second half of its life; None for too few looks."""
        return slope([(look.at / 60, look.resident) for look in self.settled()])


@dataclass(kw_only=True)
class Life:
    """One place of the supervisor from beginning to end: a process, or those that followed one another there."""

    name: str
    is_rolled: bool
    generations: list[Generation] = field(default_factory=list)

    @property
    def looks(self) -> list[Look]:
        return [look for generation in self.generations for look in generation.looks]

    def look(self, pid: int, at: float) -> None:
        """Take a look; a process that is just ending gives none."""
        try:
            held = [_target(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return
        if not self.generations or self.generations[-1].pid != pid:
            self.generations.append(Generation(pid=pid))
        sockets = sum(name.startswith("socket:") for name in held)
        cpu = (int(times[11]) + int(times[12])) / _TICK
        self.generations[-1].looks.append(Look(at=at, resident=resident, files=len(held), sockets=sockets, cpu=cpu))


def _target(entry: Path) -> str:
    """What an open file is; empty for one that was closed meanwhile."""
    try:
        return os.readlink(entry)  # noqa: PTH115 - "socket:[1]" is no path
    except FileNotFoundError:
        return ""


def slope(points: Sequence[tuple[float, float]]) -> Slope | None:
    """The line through the means of ten pieces, in time, of the points; None for fewer than twenty.

    Pieces, because one look at a memory is much like the one before: single looks would promise too much.
    """
    if len(points) < _FEWEST:
        return None
    bounds = [round(number * len(points) / _BLOCKS) for number in range(_BLOCKS + 1)]
    pieces = [points[first:last] for first, last in pairwise(bounds)]
    xs, ys = ([fmean(point[axis] for point in piece) for piece in pieces] for axis in (0, 1))
    middle_x, middle_y = fmean(xs), fmean(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    if not spread:
        return None
    best = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread
    misses = sum((y - middle_y - best * (x - middle_x)) ** 2 for x, y in zip(xs, ys, strict=True))
    width = _STUDENT * sqrt(misses / (_BLOCKS - 2) / spread)
    return Slope(best=best, low=best - width, high=best + width)
