"""One metric: its row in the table, and how its values are read from an overview."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ops.readings import AccountReading, Backlog, Overview, QueueReading
from producer.contract.counters import Histogram

ACCOUNT: Final = ("account",)


class Kind(StrEnum):
    """What Prometheus calls the type."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buckets:
    """One histogram's value: how many durations each of its buckets holds alone, and all of them in seconds."""

    histogram: Histogram
    counts: tuple[int, ...]
    seconds: float


Samples = Iterable[tuple[tuple[str, ...], float | Buckets]]
Read = Callable[[Overview], Samples]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the table. `read` gives label values and a value; of a histogram, `Buckets`."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str
    read: Read


def gauge(name: str, labels: tuple[str, ...], meaning: str, read: Read) -> Metric:
    """What stands now."""
    return Metric(name=name, kind=Kind.GAUGE, labels=labels, meaning=meaning, read=read)


def counter(name: str, labels: tuple[str, ...], meaning: str, read: Read) -> Metric:
    """What happened since ever; the name ends in `_total`."""
    return Metric(name=name, kind=Kind.COUNTER, labels=labels, meaning=meaning, read=read)


def durations(name: str, meaning: str, histogram: Histogram, sum_field: str, *, units: float) -> Metric:
    """A histogram of an account's totals; `sum_field` counts `units` a second."""

    def read(overview: Overview) -> Samples:
        for account in overview.accounts:
            counts = tuple(account.totals.get(field, 0) for field in histogram.fields)
            seconds = account.totals.get(sum_field, 0) / units
            yield (account.name,), Buckets(histogram=histogram, counts=counts, seconds=seconds)

    return Metric(name=name, kind=Kind.HISTOGRAM, labels=ACCOUNT, meaning=meaning, read=read)


# --- where values come from ----------------------------------------------------------------------------


def one(value: Callable[[Overview], float]) -> Read:
    """A value without labels."""
    return lambda overview: [((), float(value(overview)))]


def each(value: Callable[[AccountReading], float | None]) -> Read:
    """A value of each account; None: it has none."""
    return lambda overview: [
        ((account.name,), float(found)) for account in overview.accounts if (found := value(account)) is not None
    ]


def total(field: str) -> Read:
    """A field of each account's totals."""
    return each(lambda account: account.totals.get(field, 0))


def totals(fields: dict[str, str]) -> Read:
    """Several fields of each account's totals, by the value of a second label."""
    return lambda overview: [
        ((account.name, label), float(account.totals.get(field, 0)))
        for account in overview.accounts
        for label, field in fields.items()
    ]


def backlog(value: Callable[[Backlog], float]) -> Read:
    """A value of each account's backlog."""
    return lambda overview: [
        ((account.name,), float(value(overview.backlogs.of(account.entry.name)))) for account in overview.accounts
    ]


def lanes(value: Callable[[QueueReading], float]) -> Read:
    """A value of each lane of each account."""
    return lambda overview: [
        ((queue.account, queue.lane), float(value(queue))) for queue in overview.queues if queue.lane
    ]


def controls(value: Callable[[QueueReading], float]) -> Read:
    """A value of each control queue, by the role that works on it."""
    return lambda overview: [
        ((queue.name.removeprefix("control-"),), float(value(queue))) for queue in overview.queues if not queue.lane
    ]


def arq(field: str) -> Read:
    """What arq's own health line of each queue says; nothing for a queue without a worker."""
    return lambda overview: [
        ((queue.name,), float(getattr(queue.health, field))) for queue in overview.queues if queue.health
    ]
