"""`volley bench`: everything side by side in one run on one machine, as tables, as JSON, against the targets."""

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from ops.bench.arena import CHECKOUT
from ops.bench.peers_environment import peers_pythons
from ops.bench.plan import FULL, QUICK, SMALL, Bench, Plan
from ops.bench.reach import TARGETS
from ops.bench.rows import Rows
from ops.bench.sheet import Book
from ops.bench.showing import as_json, as_markdown, show
from ops.bench.versions import machine

_NARROWEST: Final = 120
ROOMS: Final = (
    "submit",
    "drain",
    "batch",
    "limit",
    "urgent",
    "tracking",
    "redis_costs",
    "distance",
    "growth",
    "recovery",
)
"""In the order in which they run. Each is a module of `ops.bench.rooms`."""

_TABLE: Final = CHECKOUT / "tests" / "bench" / "README.md"


@click.command(name="bench")
@click.option("--only", default="", metavar="ROOM,…", help=f"Only these: {', '.join(ROOMS)}.")
@click.option("--quick", is_flag=True, help="About a minute: every measurement, few messages, one round.")
@click.option("--scale", type=click.Choice(["small", "full"]), default="small", show_default=True)
@click.option("--rounds", type=click.IntRange(1), help="Rounds in which contenders take turns.")
@click.option("--seconds", type=click.FloatRange(0.05), help="About how long one contender drains in a round.")
@click.option("--no-peers", is_flag=True, help="Leave out SAQ, streaq and taskiq: nothing is installed.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
@click.option("--write", is_flag=True, help="Put the tables into tests/bench/README.md.")
def bench(  # noqa: PLR0913  # click's options
    *,
    only: str,
    quick: bool,
    scale: str,
    rounds: int | None,
    seconds: float | None,
    no_peers: bool,
    is_json: bool,
    write: bool,
) -> int:
    """Measure Volley beside stock arq, SAQ, streaq, taskiq and a bare aiohttp loop; say which targets it reaches."""
    rooms = _rooms(only)
    plan = _plan(quick=quick, scale=scale, seconds=seconds)
    peers = {} if no_peers else peers_pythons()
    with _ctrl_c_at_sigterm(), tempfile.TemporaryDirectory(prefix="volley-bench-rows-") as folder:
        made = Bench(
            plan=plan,
            rounds=rounds or plan.rounds,
            peers=peers,
            rows=Rows(Path(folder)),
            book=Book(),
            say=_teller(),
        )
        run(made, rooms)
    told = machine(made)
    results = [target.judged(made.book) for target in TARGETS]
    if is_json:
        click.echo(json.dumps(as_json(told, made.book, results), indent=1))
    else:
        show(Console(width=max(Console().width, _NARROWEST)), told, made.book, results)
    if write:
        as_markdown(_TABLE, told, made.book, results)
    return 0


def run(made: Bench, rooms: Sequence[str]) -> None:
    """Run the rooms one after the other, into the book."""
    for room in rooms:
        work: Callable[[Bench], None] = import_module(f"ops.bench.rooms.{room}").run
        work(made)


def _rooms(only: str) -> Sequence[str]:
    asked = [word.strip() for word in only.split(",") if word.strip()]
    unknown = [word for word in asked if word not in ROOMS]
    if unknown:
        raise click.UsageError(f"no such measurement: {', '.join(unknown)} (there are {', '.join(ROOMS)})")
    return [room for room in ROOMS if not asked or room in asked]


def _plan(*, quick: bool, scale: str, seconds: float | None) -> Plan:
    plan = QUICK if quick else {"small": SMALL, "full": FULL}[scale]
    return replace(plan, drain=seconds) if seconds else plan


def _teller() -> Callable[[str], None]:
    """Says on standard error what was just measured, with the seconds since the start."""
    began = time.monotonic()
    return lambda words: click.echo(f"[{time.monotonic() - began:5.0f} s] {words}", err=True)


@contextmanager
def _ctrl_c_at_sigterm() -> Iterator[None]:
    """Both end every child; a shell starts background jobs with Ctrl-C ignored, and a SIGTERM must still count."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(bench())
