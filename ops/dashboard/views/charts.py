"""Charts of time series, as lines of an SVG and as rows of a table. Pure functions."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ops.dashboard.views.kinds import View
from ops.readings import Point, Series
from producer.contract.counters import DELIVERY, SUBMISSION, reported
from producer.contract.states import State

WIDTH: Final = 600
HEIGHT: Final = 120
_COLUMNS: Final = 180
"""Points drawn; a series has more, and neighbours are drawn as one."""

_FEWEST: Final = 30
_ROWS: Final = 12
_FINAL: Final = tuple(map(reported, (State.DELIVERED, State.UNDELIVERED, State.EXPIRED)))

Value = Callable[[Point], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart. `kind` is its colour's name."""

    label: str
    kind: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One chart: what it is called, how its values are written (a filter's name), its lines."""

    name: str
    title: str
    unit: str
    shape: str
    lines: tuple[Line, ...]


def _gauge(*names: str) -> Value:
    def value(point: Point) -> float | None:
        known = [amount for name in names if (amount := point.gauge(name)) is not None]
        return sum(known) if known else None

    return value


THROUGHPUT: Final = Plan(
    name="throughput",
    title="Throughput",
    unit="messages a second",
    shape="rate",
    lines=(
        Line(label="accepted by the provider", kind="sent", value=lambda p: p.speed("submitted")),
        Line(label="reported final", kind="delivered", value=lambda p: p.speed(*_FINAL)),
    ),
)

PLANS: Final[tuple[Plan, ...]] = (
    THROUGHPUT,
    Plan(
        name="states",
        title="Open messages",
        unit="messages",
        shape="number",
        lines=(
            Line(label="to be sent", kind="waiting", value=_gauge(State.QUEUED, State.DEFERRED)),
            Line(label="sent, no final report yet", kind="sent", value=_gauge(State.SUBMITTED, State.ENROUTE)),
            Line(label="uncertain", kind="uncertain", value=_gauge(State.UNCERTAIN)),
        ),
    ),
    Plan(
        name="latency",
        title="Latency of submissions",
        unit="from the first byte to the answer",
        shape="latency",
        lines=(
            Line(label="half within", kind="sent", value=lambda p: p.quantile(SUBMISSION, 0.5)),
            Line(label="95 % within", kind="flight", value=lambda p: p.quantile(SUBMISSION, 0.95)),
        ),
    ),
    Plan(
        name="delivery",
        title="Latency of delivery",
        unit="from the claim to the final report",
        shape="duration",
        lines=(
            Line(label="half within", kind="delivered", value=lambda p: p.quantile(DELIVERY, 0.5)),
            Line(label="95 % within", kind="flight", value=lambda p: p.quantile(DELIVERY, 0.95)),
        ),
    ),
    Plan(
        name="rate",
        title="Rate against limit",
        unit="requests a second",
        shape="rate",
        lines=(
            Line(label="made", kind="sent", value=lambda p: p.speed("requests")),
            Line(label="let through", kind="delivered", value=_gauge("rate")),
            Line(label="limit", kind="failed", value=_gauge("ceiling")),
        ),
    ),
    Plan(
        name="oldest",
        title="Oldest job that is ready",
        unit="how long it has waited",
        shape="duration",
        lines=(Line(label="oldest job", kind="uncertain", value=_gauge("oldest")),),
    ),
    Plan(
        name="balance",
        title="Balance",
        unit="in the account's currency",
        shape="number",
        lines=(Line(label="balance", kind="delivered", value=_gauge("balance")),),
    ),
)


def charts_view(series: Series) -> list[View]:
    """Every chart that has anything to draw."""
    return [view for plan in PLANS if (view := chart_view(plan, series))["has_values"]]


def chart_view(plan: Plan, series: Series) -> View:
    """One chart: its lines as SVG paths in a field of WIDTH x HEIGHT, and some of its values as rows."""
    columns = _columns(_since_first(series.points))
    values = [[_mean([line.value(point) for point in column]) for column in columns] for line in plan.lines]
    known = [value for line in values for value in line if value is not None]
    top = _round_up(max(known, default=0.0))
    return {
        "name": plan.name,
        "title": plan.title,
        "unit": plan.unit,
        "shape": plan.shape,
        "top": top,
        "has_values": bool(known),
        "from": columns[0][0].at,
        "until": columns[-1][-1].at,
        "lines": [
            {
                "label": line.label,
                "kind": line.kind,
                "path": path(amounts, top),
                "last": next((amount for amount in reversed(amounts) if amount is not None), None),
                "most": max((amount for amount in amounts if amount is not None), default=None),
            }
            for line, amounts in zip(plan.lines, values, strict=True)
        ],
        "rows": _rows(columns, values),
    }


def path(values: Sequence[float | None], top: float) -> str:
    """The `d` of an SVG path through the values, broken where one is missing; one value alone is a dot."""
    step = WIDTH / max(1, len(values) - 1)
    words, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        height = HEIGHT - HEIGHT * min(1.0, max(0.0, value / top)) if top else HEIGHT
        words.append(f"{pen}{place * step:.1f} {height:.1f}")
        is_alone = pen == "M" and (place + 1 == len(values) or values[place + 1] is None)
        words += ["h0.1"] if is_alone else []
        pen = "L"
    return "".join(words)


def _since_first(points: Sequence[Point]) -> Sequence[Point]:
    """Without the time before the first sample, but for a few steps: a new system is not shown as an empty field."""
    first = next((place for place, point in enumerate(points) if point.gauges or point.grown), 0)
    return points[max(0, min(first, len(points) - _FEWEST)) :]


def _columns(points: Sequence[Point]) -> list[Sequence[Point]]:
    size = math.ceil(len(points) / _COLUMNS)
    return [points[start : start + size] for start in range(0, len(points), size)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _rows(columns: Sequence[Sequence[Point]], values: Sequence[Sequence[float | None]]) -> list[View]:
    """Some moments with the values of every line, newest first."""
    step = max(1, len(columns) // _ROWS)
    places = range(len(columns) - 1, -1, -step)
    return [{"at": columns[place][-1].at, "values": [line[place] for line in values]} for place in places]


def _round_up(value: float) -> float:
    """A round number that is not below: 1, 2 or 5 with zeros."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * factor for factor in (1, 2, 5, 10) if value <= power * factor * 1.000001)
