"""What a process holds, by the kernel's own account, and what its memory does over time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at one process. `at`: seconds since the soak began; `resident` in bytes."""

    at: float
    resident: int
    files: int
    sockets: int


@dataclass(kw_only=True)
class Life:
    """A process from its first look to its last. `is_rolled`: it is restarted on the way."""

    name: str
    is_rolled: bool
    looks: list[Look] = field(default_factory=list)

    def look(self, pid: int, at: float) -> None:
        """Take a look; a process that is just ending gives none."""
        try:
            held = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]  # noqa: PTH115 - no path
            resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except (FileNotFoundError, ProcessLookupError):
            return
        sockets = sum(name.startswith("socket:") for name in held)
        self.looks.append(Look(at=at, resident=resident, files=len(held), sockets=sockets))

    def settled(self) -> Sequence[Look]:
        """Without the first third, in which caches and pools fill."""
        return self.looks[len(self.looks) // 3 :]

    @property
    def slope(self) -> float:
        """Bytes a minute that resident memory grew by: least squares over what is settled."""
        return 60 * slope([(look.at, look.resident) for look in self.settled()])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line through the points that fits best; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0
