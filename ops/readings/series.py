"""Time series of accounts for the charts: speeds, latencies and gauges over an hour, a day or a week."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from ops.readings.fields import read_clock
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.counters import Histogram
from producer.contract.messages import AccountName
from producer.contract.series import EVERY, RINGS, Sample, Span

_WITHIN: Final = 2.0
"""Steps that the sample before may lie back: what happened over a longer gap is not told of one point."""


N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One step of a series. Empty where no sample was taken; `grown` also where the one before is missing.

    `grown` is what was counted in the `seconds` up to `at`, by the totals' field; `gauges` are as they stood.
    """

    at: datetime
    seconds: float = 0.0
    grown: Mapping[str, int] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)

    def speed(self, *counters: str) -> float | None:
        """How many a second of these counters together; None where that is not known."""
        return sum(self.grown[name] for name in counters) / self.seconds if self.grown and self.seconds else None

    def quantile(self, histogram: Histogram, share: float) -> float | None:
        """Below how many seconds `share` of the durations were; None where there were none."""
        return histogram.quantile(share, self.grown)

    def gauge(self, name: str) -> float | None:
        """A gauge as it stood; None where it is not known."""
        return self.gauges.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The points of one account, or of several added up, oldest first, one for each `step` seconds, without holes."""

    span: Span
    points: tuple[Point, ...]

    @property
    def step(self) -> int:
        """Seconds from one point to the next."""
        return RINGS[self.span].step

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be drawn."""
        return not any(point.gauges for point in self.points)

    def last(self, seconds: float) -> Point:
        """The last so many seconds as one point: counts added up, gauges of the newest sample there is."""
        recent = self.points[-max(1, round(seconds / self.step)) :]
        newest = next((point for point in reversed(recent) if point.gauges), recent[-1])
        return Point(
            at=newest.at,
            seconds=sum(point.seconds for point in recent if point.grown),
            grown=_added(point.grown for point in recent),
            gauges=newest.gauges,
        )


async def read_series(redis: Client, accounts: Iterable[AccountName], span: Span) -> dict[AccountName, Series]:
    """The series of accounts over `span`, up to now on Redis' clock; two round trips, at most 320 kB an account."""
    names = list(accounts)
    now = int((await read_clock(redis)).timestamp())
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.get(keys.series(name, span))
        rings = [data or b"" for data in await pipe.execute()]
    # the step that is not over is shown once it was sampled, in place of the oldest: of all accounts, or of none
    step = RINGS[span].step
    is_sampled = any(RINGS[span].at(data, now) for data in rings)
    last = now // step * step if is_sampled else (now // step - 1) * step
    return {name: series_of(data, span, last) for name, data in zip(names, rings, strict=True)}


def series_of(data: bytes, span: Span, last: int) -> Series:
    """The series that a ring holds, the step of the unix time `last` being its last."""
    ring = RINGS[span]
    points = []
    before: Sample | None = None
    for moment in range(last - (ring.length - 1) * ring.step, last + 1, ring.step):
        sample = ring.at(data, moment)
        points.append(_point(moment, sample, before, ring.step))
        before = sample or before
    return Series(span=span, points=tuple(points))


def _point(moment: int, sample: Sample | None, before: Sample | None, step: int) -> Point:
    if sample is None:
        return Point(at=datetime.fromtimestamp(moment, UTC))
    at = datetime.fromtimestamp(sample.at, UTC)
    passed = sample.at - before.at if before else 0
    if before is None or not 0 < passed <= _WITHIN * step + EVERY:
        return Point(at=at, gauges=sample.gauges)
    return Point(at=at, seconds=passed, grown=sample.since(before) or {}, gauges=sample.gauges)


def combined(series: Sequence[Series]) -> Series:
    """Several accounts as one: counts, speeds and open messages added up; balances and ages have no sum."""
    if not series:
        raise ValueError("nothing to combine: name at least one account")
    columns = zip(*(each.points for each in series), strict=True)
    return Series(span=series[0].span, points=tuple(map(_together, columns)))


def _together(points: Sequence[Point]) -> Point:
    counted = [point for point in points if point.grown]
    gauges = _added(point.gauges for point in points)
    return Point(
        at=max(point.at for point in points),
        seconds=max((point.seconds for point in counted), default=0.0),
        grown=_added(point.grown for point in counted),
        gauges={name: value for name, value in gauges.items() if name not in {"balance", "oldest"}},
    )


def _added(counts: Iterable[Mapping[str, N]]) -> dict[str, N]:
    total: dict[str, N] = {}
    for each in counts:
        for name, count in each.items():
            total[name] = total[name] + count if name in total else count
    return total
