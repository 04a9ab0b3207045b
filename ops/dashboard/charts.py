"""The charts of the dashboard: SVG made on the server, no script, no style of its own, also in words.

In a page::

    series = combined(list((await read_series(redis, names, Span.HOUR)).values()))   # ops.readings.series
    charts = [throughput(series), rate(series), latency(series), delivery(series), open_messages(series)]

and in its template ``{{ chart }}``: each is Markup, safe to embed as it is. Colours come from
``<link rel="stylesheet" href="/static/charts.css">``, which takes the page's own variables; the policy needs nothing
but `style-src 'self'`. `key` must differ between the charts of one page: ids are made of it. `drawing.draw` draws
any other values.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Final

from markupsafe import Markup

from ops.dashboard.drawing import SECONDS, Chart, Line, Values, draw
from ops.readings.series import Series
from producer.contract.counters import DELIVERY, SUBMISSION, Histogram, reported
from producer.contract.states import State

_FINEST: Final = 360
"""Points of a line at most: more would be drawn on top of each other."""

_FAILED: Final = ("rejected", reported(State.UNDELIVERED), reported(State.EXPIRED))

_OPEN: Final = (
    (State.IN_FLIGHT, "flight"),
    (State.SUBMITTED, "sent"),
    (State.ENROUTE, "enroute"),
    (State.UNCERTAIN, "uncertain"),
    (State.DEFERRED, "limit"),
    (State.QUEUED, "waiting"),
)


def throughput(series: Series, key: str = "throughput") -> Markup:
    """Messages a second: taken by the provider, delivered, and not."""
    lines = (
        Line("submitted", _speeds(series, "submitted"), "sent"),
        Line("delivered", _speeds(series, reported(State.DELIVERED)), "delivered"),
        Line("rejected, undelivered, expired", _speeds(series, *_FAILED), "failed"),
        Line("uncertain", _speeds(series, "uncertain"), "uncertain"),
    )
    return _chart(series, key, "Messages a second", "/s", lines)


def rate(series: Series, key: str = "rate") -> Markup:
    """Requests a second against what the throttle lets through, and what the account is configured for."""
    lines = (
        Line("limit as set", _gauges(series, "ceiling"), "limit"),
        Line("limit now", _gauges(series, "rate"), "waiting"),
        Line("requests", _speeds(series, "requests"), "sent"),
    )
    return _chart(series, key, "Requests a second and their limit", "/s", lines)


def latency(series: Series, key: str = "latency") -> Markup:
    """How long the provider takes to answer a submission."""
    return _quantiles(series, key, "Answer time of submissions", SUBMISSION)


def delivery(series: Series, key: str = "delivery") -> Markup:
    """How long it takes from the claim of a message to the report that ends it."""
    return _quantiles(series, key, "Time until the final report", DELIVERY)


def open_messages(series: Series, key: str = "states") -> Markup:
    """Messages that are not final, by state, on top of each other: what waits longest on top."""
    lines = [Line(state.replace("_", " "), _gauges(series, state), kind) for state, kind in _OPEN]
    return _chart(series, key, "Open messages by state", "", lines, stacked=True)


def _quantiles(series: Series, key: str, title: str, histogram: Histogram) -> Markup:
    def line(share: float, kind: str) -> Line:
        values = [point.quantile(histogram, share) for point in series.points]
        return Line(f"{share:.0%} are faster than", values, kind)

    return _chart(series, key, title, SECONDS, (line(0.5, "sent"), line(0.95, "flight")))


def _speeds(series: Series, *counters: str) -> Values:
    return [point.speed(*counters) for point in series.points]


def _gauges(series: Series, name: str) -> Values:
    return [point.gauge(name) for point in series.points]


def _chart(
    series: Series, key: str, title: str, unit: str, lines: Sequence[Line], *, stacked: bool = False
) -> Markup:
    """Drawn over the series' own times. Where there are too many, several are one: the mean of what is known."""
    group = max(1, ceil(len(series.points) / _FINEST))
    times = [point.at for point in series.points][::group]
    thinned = [replace(line, values=_thinned(line.values, group)) for line in lines]
    return draw(Chart(key=key, title=title, unit=unit, times=times, lines=thinned, stacked=stacked))


def _thinned(values: Values, group: int) -> Values:
    if group == 1:
        return values
    return [_mean(values[start : start + group]) for start in range(0, len(values), group)]


def _mean(values: Values) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
