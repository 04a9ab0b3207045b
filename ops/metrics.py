"""Prometheus metrics: one table of what there is, and its values from one reading of the whole system."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from ops.readings import AccountState, Overview, QueueReading
from producer.contract.campaigns import CampaignState
from producer.contract.counters import OUTCOMES
from producer.contract.states import State

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_ROLES: Final = ("send", "track")
_BLOCKS: Final = tuple(state for state in AccountState if state is not AccountState.OPEN)

Samples = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the table. `kind` is counter, gauge or summary; `read` gives label values and value.

    A summary's `read` gives pairs of samples: the count, then the sum.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    read: Callable[[Overview], Samples]


def _gauge(name: str, labels: tuple[str, ...], meaning: str, read: Callable[[Overview], Samples]) -> Metric:
    return Metric(name=name, kind="gauge", labels=labels, meaning=meaning, read=read)


def _counter(name: str, labels: tuple[str, ...], meaning: str, read: Callable[[Overview], Samples]) -> Metric:
    return Metric(name=name, kind="counter", labels=labels, meaning=meaning, read=read)


def _total(field: str) -> Callable[[Overview], Samples]:
    return lambda overview: [((account.name,), account.totals.get(field, 0)) for account in overview.accounts]


def _outcomes(overview: Overview) -> Samples:
    for account in overview.accounts:
        for outcome in OUTCOMES:
            yield (account.name, outcome), account.totals.get(outcome, 0)


def _request_seconds(overview: Overview) -> Samples:
    for account in overview.accounts:
        yield (account.name,), account.totals.get("requests", 0)
        yield (account.name,), account.totals.get("request_ms", 0) / 1000


def _blocked(overview: Overview) -> Samples:
    for account in overview.accounts:
        for reason in _BLOCKS:
            yield (account.name, reason), float(account.state == reason)


def _balances(overview: Overview) -> Samples:
    return [((account.name,), account.balance) for account in overview.accounts if account.balance is not None]


def _reports(overview: Overview) -> Samples:
    for account in overview.accounts:
        if account.report_at is not None:
            yield (account.name,), account.report_at.timestamp()


def _arq(field: str) -> Callable[[Overview], Samples]:
    def read(overview: Overview) -> Samples:
        return [((queue.name,), getattr(queue.health, field)) for queue in overview.queues if queue.health]

    return read


def _queue(value: Callable[[QueueReading], float]) -> Callable[[Overview], Samples]:
    return lambda overview: [((queue.name,), value(queue)) for queue in overview.queues]


def _one(value: Callable[[Overview], float]) -> Callable[[Overview], Samples]:
    return lambda overview: [((), value(overview))]


METRICS: Final[tuple[Metric, ...]] = (
    _gauge("volley_redis_up", (), "Whether Redis answered this scrape; alone when it did not.", _one(lambda _: 1)),
    _gauge(
        "volley_messages",
        ("state",),
        "Messages of the campaigns that are not over, by state.",
        lambda o: [((state,), o.active.states.get(state, 0)) for state in State],
    ),
    _gauge(
        "volley_campaigns",
        ("state",),
        "Campaigns that are not over, by state.",
        lambda o: [((s,), o.active.campaigns.get(s, 0)) for s in CampaignState if s is not CampaignState.LOADING],
    ),
    _counter("volley_requests_total", ("account",), "Submission requests that had an outcome.", _total("requests")),
    _counter("volley_outcomes_total", ("account", "outcome"), "Messages by what their submission gave.", _outcomes),
    _counter("volley_congested_total", ("account",), "Requests that were told to slow down.", _total("congested")),
    _counter("volley_callbacks_total", ("account",), "Callbacks that were signed and kept.", _total("callbacks")),
    _counter(
        "volley_callbacks_forged_total",
        ("account",),
        "Callbacks with a missing or wrong signature; none of them is kept.",
        _total("callbacks_forged"),
    ),
    _counter(
        "volley_callbacks_unreadable_total",
        ("account",),
        "Callbacks that were kept and not understood.",
        _total("callbacks_unreadable"),
    ),
    Metric(
        name="volley_request_seconds",
        kind="summary",
        labels=("account",),
        meaning="Time from the first byte of a submission request to its answer.",
        read=_request_seconds,
    ),
    _gauge(
        "volley_throttle_rate",
        ("account",),
        "Requests a second that the throttle lets through now.",
        lambda o: [((a.name,), a.throttle.effective) for a in o.accounts],
    ),
    _gauge(
        "volley_throttle_rate_ceiling",
        ("account",),
        "Requests a second that the account is configured for.",
        lambda o: [((a.name,), a.throttle.ceiling) for a in o.accounts],
    ),
    _gauge(
        "volley_slots_held",
        ("account",),
        "Slots that workers hold of the requests at once.",
        lambda o: [((a.name,), a.throttle.slots_held) for a in o.accounts],
    ),
    _gauge(
        "volley_slots_limit",
        ("account",),
        "Requests at once that the account is configured for.",
        lambda o: [((a.name,), a.throttle.slots_limit) for a in o.accounts],
    ),
    _gauge(
        "volley_requests_on_wire",
        ("account",),
        "Submission requests on the wire now, by the heartbeats.",
        lambda o: [((a.name,), o.on_wire(a.name)) for a in o.accounts],
    ),
    _gauge(
        "volley_account_open",
        ("account",),
        "Whether the account may send.",
        lambda o: [((a.name,), float(a.is_open)) for a in o.accounts],
    ),
    _gauge("volley_account_blocked", ("account", "reason"), "Whether it may not, for this reason.", _blocked),
    _gauge("volley_account_balance", ("account",), "Balance as last seen, in the account's own currency.", _balances),
    _gauge("volley_last_report_timestamp_seconds", ("account",), "When the last report was received.", _reports),
    _gauge(
        "volley_uncertain_messages",
        ("account",),
        "Messages that are perhaps sent.",
        lambda o: [((a.name,), a.uncertain) for a in o.accounts],
    ),
    _gauge("volley_queue_jobs", ("queue",), "Jobs in the arq queue, taken ones too.", _queue(lambda q: q.size)),
    _gauge("volley_queue_ready_jobs", ("queue",), "Jobs that may be taken now.", _queue(lambda q: q.ready)),
    _gauge(
        "volley_queue_oldest_seconds", ("queue",), "Waiting time of the first ready job.", _queue(lambda q: q.oldest)
    ),
    _gauge(
        "volley_arq_jobs_complete", ("queue",), "Since the start of the worker that said it last.", _arq("complete")
    ),
    _gauge("volley_arq_jobs_failed", ("queue",), "Since the start of the worker that said it last.", _arq("failed")),
    _gauge(
        "volley_arq_jobs_retried", ("queue",), "Since the start of the worker that said it last.", _arq("retried")
    ),
    _gauge("volley_arq_jobs_ongoing", ("queue",), "Jobs at work in the worker that said it last.", _arq("ongoing")),
    _gauge(
        "volley_workers",
        ("role",),
        "Live worker processes.",
        lambda o: [((role,), o.live(role)) for role in _ROLES],
    ),
    _gauge("volley_redis_memory_bytes", (), "Memory that Redis uses.", _one(lambda o: o.server.memory)),
    _gauge(
        "volley_redis_memory_limit_bytes",
        (),
        "Memory that Redis may use; 0 when no limit is set.",
        _one(lambda o: o.server.memory_limit),
    ),
    _gauge("volley_redis_clients", (), "Connections to Redis.", _one(lambda o: o.server.clients)),
    _gauge(
        "volley_redis_persistent",
        (),
        "Whether Redis writes to disk and can (1 also when it does not say).",
        _one(lambda o: float(o.server.persists is not False and not o.server.writes_fail)),
    ),
)


def render(overview: Overview | None) -> bytes:
    """The metrics in Prometheus' text format; None: Redis did not answer."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OverviewCollector(overview))
    return generate_latest(registry)


class _OverviewCollector(Collector):
    def __init__(self, overview: Overview | None) -> None:
        self._overview = overview

    def collect(self) -> Iterator[Family]:
        if self._overview is None:
            yield GaugeMetricFamily(METRICS[0].name, METRICS[0].meaning, value=0)
            return
        for metric in METRICS:
            yield _family(metric, self._overview)


def _family(metric: Metric, overview: Overview) -> Family:
    samples = list(metric.read(overview))
    match metric.kind:
        case "summary":
            summary = SummaryMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for (labels, count), (_, total) in zip(samples[::2], samples[1::2], strict=True):
                summary.add_metric(labels, int(count), total)
            return summary
        case "counter":
            counter = CounterMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for labels, value in samples:
                counter.add_metric(labels, value)
            return counter
        case _:
            gauge = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
            for labels, value in samples:
                gauge.add_metric(labels, value)
            return gauge
