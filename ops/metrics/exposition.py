"""The metrics of one reading in Prometheus' text format."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from ops.metrics.metric import Buckets, Kind, Metric
from ops.metrics.table import METRICS
from ops.readings import Overview

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


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
    match metric.kind:
        case Kind.HISTOGRAM:
            return _histogram(metric, overview)
        case Kind.COUNTER:
            family: CounterMetricFamily | GaugeMetricFamily = CounterMetricFamily(
                metric.name, metric.meaning, labels=metric.labels
            )
        case Kind.GAUGE:
            family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in metric.read(overview):
        if isinstance(value, float):
            family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, overview: Overview) -> Family:
    """Prometheus' buckets hold all that is below their bound, ours what is between two."""
    family = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in metric.read(overview):
        if isinstance(value, Buckets):
            bounds = [*(str(float(bound)) for bound in value.histogram.bounds), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(value.counts)), strict=True))
            family.add_metric(labels, buckets=buckets, sum_value=value.seconds)
    return family
