"""Drawing a chart as SVG: axes, lines or stacked areas, a legend, and the same in words for a screen reader. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import floor, log10
from typing import Final

from markupsafe import Markup, escape

_WIDTH: Final = 480
_HEIGHT: Final = 180
_LEFT: Final = 58
_RIGHT: Final = 8
_TOP: Final = 10
_BOTTOM: Final = 22
_FLOOR: Final = _HEIGHT - _BOTTOM
_MARKS: Final = 4
_SIZES: Final = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_SPANS: Final = ((7200.0, 3600.0, "h"), (120.0, 60.0, "min"), (1.0, 1.0, "s"), (0.0, 0.001, "ms"))
_LONG: Final = (20.0, 40.0, 60.0, 120.0, 240.0, 600.0, 1200.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 57_600.0, 86_400.0)

SECONDS: Final = "s"
"""The unit of durations: they are told in ms, seconds, minutes or hours."""

_DAY: Final = timedelta(days=1)

Values = Sequence[float | None]
Where = tuple[float, float, float]  # x, y, and the y that an area stands on


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name, a value for each time (None: not known, the line is broken), its colour's class.

    `kind` is a word of charts.css: delivered, sent, flight, enroute, uncertain, failed, waiting, limit.
    """

    name: str
    values: Values
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What to draw. `times` are oldest first; ids are made of `key`; `stacked`: each line stands on those before."""

    key: str
    title: str
    unit: str
    times: Sequence[datetime]
    lines: Sequence[Line]
    stacked: bool = False


def draw(chart: Chart) -> Markup:
    """The chart as a figure with its legend, safe to embed. Names and titles may be any text.

    Raises ValueError when a line has not one value for each time.
    """
    for line in chart.lines:
        if len(line.values) != len(chart.times):
            raise ValueError(f"line {line.name!r} has {len(line.values)} values for {len(chart.times)} times")
    tops = _stacked(chart.lines) if chart.stacked else [line.values for line in chart.lines]
    highest = _ceiling(max((top for values in tops for top in values if top is not None), default=0.0), chart.unit)
    body = [*_grid(chart, highest), *_hours(chart.times), *_shapes(chart, tops, highest)]
    return Markup(  # noqa: S704 - every text in it went through escape
        f'<figure class="chart"><figcaption>{escape(chart.title)}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{escape(chart.key)}-title {escape(chart.key)}-desc">'
        f'<title id="{escape(chart.key)}-title">{escape(chart.title)}</title>'
        f'<desc id="{escape(chart.key)}-desc">{escape(in_words(chart))}</desc>'
        f"{''.join(body)}</svg>{_legend(chart)}</figure>"
    )


def in_words(chart: Chart) -> str:
    """What somebody sees at a glance: the time it covers, and of each line the last and the highest value."""
    if not any(value is not None for line in chart.lines for value in line.values):
        return "Nothing is known yet."
    covered = f"From {_moment(chart.times[0], chart.times)} to {_moment(chart.times[-1], chart.times)} UTC."
    return " ".join([covered, *(_said(line, chart) for line in chart.lines)])


def amount(value: float, unit: str) -> str:
    """A value for an axis or a legend: three digits that matter, thousands shortened, durations in their own unit."""
    if unit == SECONDS:
        _, size, word = next((span for span in _SPANS if value >= span[0]), _SPANS[-1])
        return f"{value / size:.3g} {word}" if value else "0"
    for size, letter in _SIZES:
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}{unit}"
    return f"{value:.3g}{unit}"


def _said(line: Line, chart: Chart) -> str:
    known = [(value, at) for value, at in zip(line.values, chart.times, strict=True) if value is not None]
    if not known:
        return f"{line.name}: not known."
    highest, at = max(known, key=lambda pair: pair[0])
    last = amount(known[-1][0], chart.unit)
    return f"{line.name}: last {last}, highest {amount(highest, chart.unit)} at {_moment(at, chart.times)}."


def _stacked(lines: Sequence[Line]) -> list[Values]:
    """Each line's values on top of those before; where one is not known, it adds nothing."""
    tops: list[Values] = []
    below: Values = [0.0] * len(lines[0].values) if lines else []
    for line in lines:
        below = [
            None if value is None and under is None else (value or 0.0) + (under or 0.0)
            for value, under in zip(line.values, below, strict=True)
        ]
        tops.append([None if value is None else top for value, top in zip(line.values, below, strict=True)])
    return tops


def _ceiling(highest: float, unit: str) -> float:
    """The first of 1, 2, 2.5, 5 × a power of ten that is not below, of durations one that is easily quartered."""
    if highest <= 0:
        return 1.0
    if unit == SECONDS and _LONG[0] / 2 < highest <= _LONG[-1]:
        return next(ceiling for ceiling in _LONG if ceiling >= highest)
    power = 10.0 ** floor(log10(highest))
    return next((step * power for step in (1.0, 2.0, 2.5, 5.0) if step * power >= highest), 10.0 * power)


def _grid(chart: Chart, highest: float) -> Iterator[str]:
    for mark in range(_MARKS + 1):
        y = _y(highest * mark / _MARKS, highest)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        label = escape(amount(highest * mark / _MARKS, chart.unit))
        yield f'<text class="scale" x="{_LEFT - 6}" y="{y + 4:.1f}">{label}</text>'


def _hours(times: Sequence[datetime]) -> Iterator[str]:
    if len(times) < 2:
        return
    for mark in range(_MARKS + 1):
        place = round((len(times) - 1) * mark / _MARKS)
        kind = "first" if mark == 0 else "last" if mark == _MARKS else "between"
        moment = _moment(times[place], times)
        yield f'<text class="time {kind}" x="{_x(place, len(times)):.1f}" y="{_HEIGHT - 6}">{moment}</text>'


def _shapes(chart: Chart, tops: Sequence[Values], highest: float) -> Iterator[str]:
    under: Values = [0.0] * len(chart.times)
    for line, values in zip(chart.lines, tops, strict=True):
        for part in _unbroken(values, under, highest):
            if chart.stacked:
                yield f'<polygon class="area {escape(line.kind)}" points="{_around(part)}"/>'
            elif len(part) == 1:
                yield f'<circle class="dot {escape(line.kind)}" cx="{part[0][0]:.1f}" cy="{part[0][1]:.1f}" r="1.5"/>'
            else:
                points = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in part)
                yield f'<polyline class="line {escape(line.kind)}" points="{points}"/>'
        if chart.stacked:
            under = [top if top is not None else below for top, below in zip(values, under, strict=True)]


def _unbroken(values: Values, under: Values, highest: float) -> Iterator[list[Where]]:
    """The stretches in which every value is known, in the drawing's own units."""
    count = len(values)
    for is_known, places in groupby(range(count), key=lambda place: values[place] is not None):
        if is_known:
            yield [
                (_x(place, count), _y(values[place] or 0.0, highest), _y(under[place] or 0.0, highest))
                for place in places
            ]


def _around(part: Sequence[Where]) -> str:
    top = [f"{x:.1f},{y:.1f}" for x, y, _ in part]
    bottom = [f"{x:.1f},{base:.1f}" for x, _, base in reversed(part)]
    return " ".join([*top, *bottom])


def _legend(chart: Chart) -> str:
    items = "".join(
        f'<li class="{escape(line.kind)}">{escape(line.name)} <b>{escape(_last(line, chart.unit))}</b></li>'
        for line in chart.lines
    )
    return f'<ul class="legend">{items}</ul>'


def _last(line: Line, unit: str) -> str:
    return next((amount(value, unit) for value in reversed(line.values) if value is not None), "–")


def _x(place: int, count: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (place / (count - 1) if count > 1 else 1.0)


def _y(value: float, highest: float) -> float:
    return _FLOOR - (_FLOOR - _TOP) * min(1.0, max(0.0, value / highest))


def _moment(at: datetime, times: Sequence[datetime]) -> str:
    return f"{at:%d %b %H:%M}" if times[-1] - times[0] > _DAY else f"{at:%H:%M}"
