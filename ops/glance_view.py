"""A look at the whole system on a terminal: the verdict, then tables of accounts, campaigns, queues and workers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ops.glance import Glance
from ops.progress_view import bar, duration, is_ended, line, speed
from ops.readings import AccountReading, CampaignReading, Level, Overview, QueueReading, WorkerReading

_COLOURS: Final = {Level.OK: "green", Level.NOTICE: "yellow", Level.WRONG: "red"}
_MEGA: Final = 1_000_000
_NAME: Final = 32
_WIDE: Final = 120  # columns; below it the less urgent ones are left out
_SHORT_BAR: Final = 12
_REASON: Final = 60


def screen(glance: Glance, *, width: int, machines: bool = False) -> RenderableType:
    """Everything that has room in `width` columns; with `machines` queues, workers and Redis, too."""
    overview = glance.overview
    parts: list[RenderableType] = [_verdict(glance)]
    if overview is not None:
        is_wide = width >= _WIDE
        parts += [Text(), _accounts(glance, is_wide=is_wide), Text(), _campaigns(glance, overview, is_wide=is_wide)]
        parts += (
            [Text(), _queues(overview), Text(), _workers(overview), Text(), _server(overview)] if machines else []
        )
    return Group(*parts)


def lines(glance: Glance) -> Iterator[str]:
    """The same in a few plain lines, for logs: the verdict, the accounts, the campaigns that are not over."""
    yield f"{glance.at:%H:%M:%S} UTC  {_plain(str(glance.verdict))}"
    for account in glance.busiest():
        words = filter(None, (_sending(glance, account), _flight(account), glance.why(account)))
        yield _plain(f"{account.name}: {account.state}, {', '.join(words)}")
    for campaign in glance.overview.campaigns.campaigns if glance.overview else ():
        if not is_ended(campaign):
            why = glance.waits_for(campaign)
            yield _plain("; ".join(filter(None, (line(campaign, glance.pace), why, *_in_the_way(glance, campaign)))))


def _verdict(glance: Glance) -> Text:
    said = glance.verdict
    text = Text(f"{glance.at:%H:%M:%S} UTC  ", style="dim")
    text.append(_plain(said.doing), style="bold not dim")
    if said.wrong:
        text.append("\n" + _plain(f"{said.wrong} {said.remedy}").rstrip(), style=f"{_COLOURS[said.level]} not dim")
    return text


def _accounts(glance: Glance, *, is_wide: bool) -> Table:
    more = ("uncertain>", "balance>", "last report") if is_wide else ()
    grid = _grid("account", "state", "messages/s>", "requests/s>", "at once>", *more, "")
    for account in glance.busiest():
        throttle = account.throttle
        cells: list[str | Text] = [
            account.name,
            Text(account.state, style="green" if account.is_open else "red"),
            _sending(glance, account).removesuffix(" messages/s") or "–",
            f"{throttle.effective:.3g} of {throttle.ceiling:g}",
            f"{throttle.slots_held} of {throttle.slots_limit}",
        ]
        cells += _money_and_reports(glance, account) if is_wide else []
        _row(grid, *cells, Text(_cut(glance.why(account), _REASON), style="yellow"))
    return grid


def _money_and_reports(glance: Glance, account: AccountReading) -> list[str]:
    balance = "–" if account.balance is None else f"{account.balance:,.2f} {account.currency}".rstrip()
    return [f"{account.uncertain:,}", balance, _ago(glance.at, account.report_at)]


def _campaigns(glance: Glance, overview: Overview, *, is_wide: bool) -> Table:
    more = ("account",) if is_wide else ()
    grid = _grid("campaign", *more, "progress", "final>", "speed")
    for reading in overview.campaigns.campaigns:
        progress, why = reading.progress, glance.waits_for(reading)
        _row(
            grid,
            _cut(reading.id, _NAME),
            *([progress.account] if is_wide else []),
            bar(reading) if is_wide else bar(reading, _SHORT_BAR),
            f"{progress.final:,} of {progress.total:,}",
            Text(_cut(why, _REASON), style="yellow") if why else _pace(glance, reading),
        )
    older = overview.campaigns.total - len(overview.campaigns.campaigns)
    if older > 0:
        _row(grid, Text(f"and {older:,} older", style="dim"))
    return grid


def _queues(overview: Overview) -> Table:
    grid = _grid("queue", "jobs>", "ready>", "oldest")
    for queue in sorted(overview.queues, key=_by_work):
        _row(grid, queue.name, f"{queue.size:,}", f"{queue.ready:,}", duration(queue.oldest) if queue.oldest else "–")
    return grid


def _workers(overview: Overview) -> Table:
    grid = _grid("worker", "plays", "heartbeat", "on the wire>", "waits for")
    for worker in overview.workers:
        waits = ", ".join(f"{account}: {why}" for account, why in sorted(worker.waiting.items()))
        beat = Text(f"{worker.beat_ago:.0f} s ago", style="" if worker.is_live else "red")
        _row(grid, _cut(worker.id, _NAME), _roles(worker), beat, f"{sum(worker.on_wire.values()):,}", _cut(waits, 60))
    if not overview.workers:
        _row(grid, Text("none is alive: volley worker all", style="red"))
    return grid


def _server(overview: Overview) -> Text:
    server = overview.server
    room = f" of {server.memory_limit / _MEGA:,.0f} MB" if server.memory_limit else ""
    said = f"{server.product} {server.version}, {server.memory / _MEGA:,.0f} MB{room}, {server.clients:,} connections"
    return Text(said, style="dim")


def _grid(*columns: str) -> Table:
    """A table without lines; `>` after a name puts the column to the right. The last one wraps."""
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(columns, 1):
        side = "right" if name.endswith(">") else "left"
        grid.add_column(name.removesuffix(">"), justify=side, no_wrap=place < len(columns))  # type: ignore[arg-type]  # two of rich's words
    return grid


def _row(grid: Table, *cells: str | Text) -> None:
    """Add a row. A string is text as it is, never markup."""
    grid.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def _sending(glance: Glance, account: AccountReading) -> str:
    found = glance.speed(account)
    return "" if found is None else f"{found:,.1f} messages/s"


def _flight(account: AccountReading) -> str:
    return f"{account.throttle.slots_held} of {account.throttle.slots_limit} requests at once"


def _pace(glance: Glance, reading: CampaignReading) -> str:
    """How fast it goes, or when all will be sent at the limits; and what stands in the way."""
    ahead, known = glance.ahead(reading), speed(reading, glance.pace)
    if not known:
        known = str(reading.progress.state) if ahead is None else f"all sent in {duration(ahead.seconds)}"
    return ", ".join((known, *_in_the_way(glance, reading)))


def _in_the_way(glance: Glance, reading: CampaignReading) -> Iterator[str]:
    ahead = glance.ahead(reading)
    if ahead is not None and ahead.balance_ends_in is not None:
        yield f"the balance ends in {duration(ahead.balance_ends_in)}"
    if ahead is not None and ahead.too_late:
        yield f"about {ahead.too_late:,} are too late"


def _by_work(queue: QueueReading) -> tuple[int, str]:
    return -queue.size, queue.name


def _roles(worker: WorkerReading) -> str:
    return ", ".join(sorted(worker.roles)) or "–"


def _ago(now: datetime, moment: datetime | None) -> str:
    return "–" if moment is None else f"{duration((now - moment).total_seconds())} ago"


def _cut(text: str, longest: int) -> str:
    """As much of a text as has room, without anything that a terminal obeys."""
    plain = _plain(text)
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _plain(text: str) -> str:
    """A text without anything that a terminal obeys: a provider's words may be in it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
