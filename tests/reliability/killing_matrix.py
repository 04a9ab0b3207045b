"""The kill matrix: `python -m tests.reliability.killing_matrix [POINT …]`, each point alone and some in company."""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from tests.reliability.audit import Audit
from tests.reliability.killing_points import IN_COMPANY, POINTS, Point
from tests.reliability.killing_recovery import Row, play
from tests.support_fixtures import accounts_of
from tests.support_provider import Provider, provider_at, sandbox_process

_AT_ONCE: Final = 3
_TIMES: Final = (
    "--enroute-after",
    "0.1",
    "--final-after",
    "0.4",
    "--drain-batch",
    "10",
    "--callback-retry-after",
    "0.3",
)


async def run(
    wanted: Sequence[tuple[str, bool]],
    folder: Path,
    tell: Callable[[Row], None] = lambda _: None,
    at_once: int = _AT_ONCE,
) -> list[Row]:
    """Play every point of `wanted`, with company or without."""
    logins = [f"kill{number}" for number in range(len(wanted))]
    with sandbox_process([*_TIMES, *accounts_of(*logins)]) as url:
        async with provider_at(url) as provider:

            async def one(name: str, login: str, *, company: bool) -> Row:
                (folder / login).mkdir()
                row = await _played(
                    POINTS[name], company=company, provider=provider, login=login, folder=folder / login
                )
                tell(row)
                return row

            plays = [
                partial(one, name, login, company=company)
                for (name, company), login in zip(wanted, logins, strict=True)
            ]
            return await _side_by_side(at_once, plays)


def whole(names: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """Every point alone, and in company those that others can work beside."""
    chosen = list(names) or list(POINTS)
    return [(name, False) for name in chosen] + [(name, True) for name in chosen if name in IN_COMPANY]


async def _played(point: Point, *, company: bool, provider: Provider, login: str, folder: Path) -> Row:
    """What a scene that came to no end was waiting for is a complaint like any other."""
    try:
        return await play(point, company=company, provider=provider, login=login, folder=folder)
    except AssertionError as error:
        return Row(point=point, company=company, audit=Audit(complaints=[str(error)]), seconds=0.0)


async def _side_by_side(most: int, plays: list[Callable[[], Awaitable[Row]]]) -> list[Row]:
    """All of them, so many at a time: a scene mostly waits."""
    room = asyncio.Semaphore(most)

    async def one(play: Callable[[], Awaitable[Row]]) -> Row:
        async with room:
            return await play()

    return await asyncio.gather(*(one(play) for play in plays))


def _show(row: Row) -> None:
    found = row.audit
    doubt = ", ".join(f"{count} {code}" for code, count in found.uncertain.items()) or "-"
    who = f"{row.point}{' (in company)' if row.company else ''}"
    sys.stdout.write(
        f"{who:48} {found.recipients:4} recipients {found.accepted:4} accepted {found.twice:2} twice "
        f"{found.forgotten:2} forgotten {found.unreported:3} unreported {row.seconds:5.1f} s  uncertain: {doubt}\n"
    )
    sys.stdout.writelines(f"    {words}\n" for words in found.complaints)
    sys.stdout.flush()


def main(names: Sequence[str]) -> int:
    """0 when every promise was kept at every point, 1 when not, 2 for an unknown point."""
    if unknown := [name for name in names if name not in POINTS]:
        sys.stderr.write(f"no point {unknown[0]!r}; known: {', '.join(POINTS)}\n")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(run(whole(names), Path(folder), _show))
    broken = [row for row in rows if row.audit.complaints]
    audits = [row.audit for row in rows]
    sys.stdout.write(
        f"{len(rows)} deaths, {sum(each.recipients for each in audits):,} recipients: "
        f"{sum(each.twice for each in audits)} twice, {sum(each.forgotten for each in audits)} forgotten, "
        f"{sum(sum(each.uncertain.values()) for each in audits)} uncertain, "
        f"{sum(each.unreported for each in audits)} unreported; "
        f"slowest recovery {max(row.seconds for row in rows):.1f} s; "
        f"{len(broken)} broken promises; {time.monotonic() - began:.0f} s\n"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
