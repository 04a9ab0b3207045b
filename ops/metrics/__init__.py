"""Prometheus metrics: one table of what there is, and its values from one reading of the whole system.

`python -m ops.metrics page` prints `ops/METRICS.md`, `python -m ops.metrics grafana` prints `ops/grafana.json`; tests
hold both, and `ops/alerts.yml`, to the table.
"""

from ops.metrics.exposition import CONTENT_TYPE, render
from ops.metrics.metric import Kind, Metric
from ops.metrics.table import METRICS

__all__ = ["CONTENT_TYPE", "METRICS", "Kind", "Metric", "render"]
