"""Progress of campaigns while it happens: a live table on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ops.readings import CampaignReading, Rates, campaign_sent
from producer.contract.campaigns import CampaignState
from producer.contract.states import State

Show = Callable[[Sequence[CampaignReading]], None]

_LINE_EVERY: Final = 2.0
_BAR: Final = 36
_ENDED_WINDOW: Final = 6.0  # short: when the last ones wait for something else, the old pace means nothing
_TELLING: Final = 0.05  # share of a campaign that must be final before the pace of reports means anything
_BAD: Final = (State.UNDELIVERED, State.REJECTED, State.EXPIRED, State.CANCELLED)
# state -> colour, in the order of the bar: what is over first
_COLOURS: Final[tuple[tuple[State, str], ...]] = (
    (State.DELIVERED, "green"),
    *((state, "red") for state in _BAD),
    (State.UNCERTAIN, "magenta"),
    (State.ENROUTE, "cyan"),
    (State.SUBMITTED, "blue"),
    (State.IN_FLIGHT, "yellow"),
    (State.DEFERRED, "bright_black"),
    (State.QUEUED, "bright_black"),
)


class Pace:
    """The rate of sending and the time to the end, from successive readings."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent = Rates()
        self._ended = Rates(window=_ENDED_WINDOW)

    def see(self, readings: Sequence[CampaignReading]) -> None:
        """Take in readings made now."""
        now = self._clock()
        self._sent.see(now, dict(map(campaign_sent, readings)))
        self._ended.see(now, {reading.id: reading.progress.final for reading in readings})

    def rate(self, reading: CampaignReading) -> float | None:
        """Recipients a second that nothing is to be sent to any more; None until that is known."""
        return self._sent.per_second(campaign_sent(reading)[0])

    def eta(self, reading: CampaignReading) -> float | None:
        """Seconds to the end at the present pace; None while nobody can tell.

        The end of sending while there is something to send (reports follow it at the same pace), then the
        time until every recipient is final.
        """
        progress = reading.progress
        left = progress.total - progress.final
        if left <= 0:
            return 0.0
        if progress.state is CampaignState.PAUSED:
            return None
        if reading.to_send:
            return self._sent.seconds_for(campaign_sent(reading)[0], reading.to_send)
        is_telling = progress.final >= progress.total * _TELLING
        return self._ended.seconds_for(reading.id, left) if is_telling else None


def is_ended(reading: CampaignReading) -> bool:
    """Whether nothing more can happen to any recipient of the campaign as it is now."""
    return reading.is_over or reading.progress.final >= reading.progress.total > 0


@contextmanager
def progress_shown(stream: IO[str], pace: Pace) -> Iterator[Show]:
    """A function that shows readings on `stream`; call it as often as you like."""
    console = Console(file=stream, highlight=False)
    if not console.is_terminal:
        yield _Lines(stream, pace)
        return
    with Live(console=console, refresh_per_second=8) as live:

        def show(readings: Sequence[CampaignReading]) -> None:
            pace.see(readings)
            live.update(table(readings, pace))

        yield show


class _Lines:
    """A line per campaign every two seconds, and a last one when it is over."""

    def __init__(self, stream: IO[str], pace: Pace) -> None:
        self._stream = stream
        self._pace = pace
        self._last = float("-inf")
        self._over: frozenset[str] = frozenset()

    def __call__(self, readings: Sequence[CampaignReading]) -> None:
        self._pace.see(readings)
        over = frozenset(reading.id for reading in readings if is_ended(reading))
        if time.monotonic() < self._last + _LINE_EVERY and over == self._over:
            return
        news = [reading for reading in readings if reading.id not in self._over]
        self._last, self._over = time.monotonic(), over
        for reading in news:
            self._stream.write(f"{line(reading, self._pace)}\n")
        self._stream.flush()


def line(reading: CampaignReading, pace: Pace) -> str:
    """One campaign as one line of text."""
    progress = reading.progress
    head = f"{reading.id}: {progress.final:,} of {progress.total:,} final, {progress.state}"
    states = ", ".join(f"{state} {count:,}" for state, count in progress.states.items())
    return "; ".join(filter(None, (head, speed(reading, pace), states)))


def speed(reading: CampaignReading, pace: Pace) -> str:
    """The rate and the time to go in words; empty where neither is known or the campaign is over."""
    if is_ended(reading):
        return ""
    rate, eta = pace.rate(reading), pace.eta(reading)
    sending = f"{rate:,.0f}/s" if rate and reading.to_send else ""
    return ", ".join(filter(None, (sending, "" if eta is None else f"about {duration(eta)} left")))


def duration(seconds: float) -> str:
    """Seconds as a person says them: `45 s`, `3 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(1.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def table(readings: Sequence[CampaignReading], pace: Pace) -> RenderableType:
    """Campaigns for a terminal: a bar of states each, and the numbers of the states under it."""
    grid = Table.grid(padding=(0, 2))
    for reading in readings:
        progress = reading.progress
        final = f"{progress.final:,} of {progress.total:,} final"
        grid.add_row(reading.id, progress.account, bar(reading), final, speed(reading, pace) or str(progress.state))
    states = [Text.assemble(reading.id, "  ", *_legend(reading), style="dim") for reading in readings]
    return Group(grid, *states)


def bar(reading: CampaignReading, width: int = _BAR) -> Text:
    """How many of a campaign's recipients are in which state, as colours; `width` letters."""
    text, done, drawn = Text(), 0, 0
    for state, colour in _COLOURS:
        done += reading.progress.states.get(state, 0)
        until = width * done // max(1, reading.progress.total)
        text.append("━" * (until - drawn), style=colour)
        drawn = max(drawn, until)
    return text


def _legend(reading: CampaignReading) -> Iterator[tuple[str, str]]:
    for state, colour in _COLOURS:
        if count := reading.progress.states.get(state):
            yield f"{state} {count:,}  ", colour
