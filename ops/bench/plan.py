"""How much is measured: quick (about a minute), small (the default, some minutes), full (growth to five million)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.bench.rows import Rows
from ops.bench.sheet import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One size of the benchmark; quick (about a minute) to full.

    `drain`: about how many seconds one contender drains in one round; `submit`, `peer_submit`: recipients;
    `is_whole`: everything, not only what a minute has room for; `processes`: also with so many; `stored`,
    `tracked`, `growth`: sizes of campaigns; `distances`: seconds.
    """

    name: str
    rounds: int
    drain: float
    submit: int
    peer_submit: int
    is_whole: bool
    processes: tuple[int, ...]
    limit_seconds: float
    limit_processes: tuple[int, ...]
    urgent_bulk: int
    urgent_singles: int
    stored: tuple[int, ...]
    tracked: tuple[int, ...]
    distances: tuple[float, ...]
    growth: tuple[int, ...]
    drained_in_growth: int


QUICK: Final = Plan(
    name="quick",
    rounds=1,
    drain=0.4,
    submit=50_000,
    peer_submit=2000,
    is_whole=False,
    processes=(),
    limit_seconds=3.0,
    limit_processes=(2,),
    urgent_bulk=20_000,
    urgent_singles=40,
    stored=(20_000,),
    tracked=(4000,),
    distances=(0.001,),
    growth=(2000, 10_000),
    drained_in_growth=10_000,
)
SMALL: Final = Plan(
    name="small",
    rounds=3,
    drain=2.0,
    submit=1_000_000,
    peer_submit=10_000,
    is_whole=True,
    processes=(2, 4),
    limit_seconds=15.0,
    limit_processes=(1, 2, 4),
    urgent_bulk=1_000_000,
    urgent_singles=300,
    stored=(100_000, 1_000_000),
    tracked=(10_000, 50_000),
    distances=(0.0002, 0.001),
    growth=(10_000, 100_000, 1_000_000),
    drained_in_growth=100_000,
)
FULL: Final = Plan(
    name="full",
    rounds=5,
    drain=5.0,
    submit=1_000_000,
    peer_submit=30_000,
    is_whole=True,
    processes=(2, 4),
    limit_seconds=30.0,
    limit_processes=(1, 2, 4),
    urgent_bulk=1_000_000,
    urgent_singles=1000,
    stored=(100_000, 1_000_000),
    tracked=(100_000, 1_000_000),
    distances=(0.0002, 0.001),
    growth=(10_000, 100_000, 1_000_000, 5_000_000),
    drained_in_growth=5_000_000,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every room is given. `peers` are the interpreters of the peers' environments, none to leave them out."""

    plan: Plan
    rounds: int
    peers: Mapping[str, Path]
    rows: Rows
    book: Book
    say: Callable[[str], None]
