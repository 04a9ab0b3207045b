"""The table of metrics as a page."""

from collections.abc import Iterator
from typing import Final

from ops.metrics.metric import Kind, Metric
from ops.metrics.table import SECTIONS

_HEAD: Final = """# Metrics

What `/metrics` of `volley web` says. Made from [the table](metrics/table.py) by
`python -m ops.metrics page > ops/METRICS.md`; a test fails when this page is out of date. Names and units are
Prometheus' own. Labels are closed sets: no campaign, no message and no number ever becomes one. A histogram has
`_bucket`, `_sum` and `_count`. Counters are Redis': they outlive every process and are the same for all workers.

[`alerts.yml`](alerts.yml) has rules for Prometheus, [`grafana.json`](grafana.json) a dashboard (made by
`python -m ops.metrics grafana > ops/grafana.json`); both use these names only, which is tested, too.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(title, metrics) for title, metrics in SECTIONS.items())


def _section(title: str, metrics: tuple[Metric, ...]) -> str:
    rows = "".join(f"| {' | '.join(_cells(metric))} |\n" for metric in metrics)
    return f"\n## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n{rows}"


def _cells(metric: Metric) -> Iterator[str]:
    yield f"`{metric.name}`"
    yield Kind(metric.kind)
    yield ", ".join(f"`{label}`" for label in metric.labels)
    yield metric.meaning
