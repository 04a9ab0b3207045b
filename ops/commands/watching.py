"""Looking at the whole system again and again: live on a terminal, in lines elsewhere, as JSON for programs."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import click
from rich.console import Console
from rich.live import Live

from ops.commands.session import Session, print_json, with_redis
from ops.glance import Glance, Looker
from ops.glance_record import glance_record
from ops.glance_view import lines, screen
from ops.keypress import pressed

EVERY: Final = 1.0
_EVERY_IN_LINES: Final = 10.0
_END: Final = "qQ"

Show = Callable[[Glance], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How to look: `every` so many seconds (None: as fits where it is shown), `count` times (None: until Ctrl-C).

    `machines`: queues, workers and Redis, too. `full`: on a screen of its own.
    """

    every: float | None = None
    count: int | None = None
    campaigns: int = 20
    machines: bool = False
    full: bool = False
    as_json: bool = False


def watch(manner: Manner) -> int:
    """Look until Ctrl-C (or `q` on a terminal), or `count` times. Exit status 0."""
    try:
        with_redis(lambda session: _watch(session, manner))
    except KeyboardInterrupt:
        return 0
    return 0


async def _watch(session: Session, manner: Manner) -> None:
    with _shown(manner) as (show, every), pressed(_END) as ended:
        async for glance in _glances(session, manner, every, ended):
            show(glance)


async def _glances(session: Session, manner: Manner, every: float, ended: asyncio.Event) -> AsyncIterator[Glance]:
    looker = Looker(session.redis, campaigns=manner.campaigns)
    for number in itertools.count(1):
        yield await looker.look()
        if number == manner.count or await _rings(ended, every):
            return


async def _rings(ended: asyncio.Event, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            await ended.wait()
    except TimeoutError:
        return False
    return True


@contextmanager
def _shown(manner: Manner) -> Iterator[tuple[Show, float]]:
    """How a look is shown, and how often there is one."""
    console = Console(highlight=False)
    if manner.as_json:
        yield lambda glance: print_json(glance_record(glance, machines=manner.machines)), manner.every or EVERY
    elif not console.is_terminal:
        yield _print_lines, manner.every or _EVERY_IN_LINES
    else:
        with Live(console=console, screen=manner.full, auto_refresh=False) as live:

            def show(glance: Glance) -> None:
                live.update(screen(glance, width=console.width, machines=manner.machines), refresh=True)

            yield show, manner.every or EVERY


def _print_lines(glance: Glance) -> None:
    click.echo("\n".join(lines(glance)))
    sys.stdout.flush()
