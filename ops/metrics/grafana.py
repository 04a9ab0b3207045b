"""The Grafana dashboard, built from the table's names: a panel is a title, a unit and PromQL."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_WIDTH: Final = 12
_HEIGHT: Final = 8
_SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
_OF: Final = 'account=~"$account"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel: queries by the legend of their lines. `unit` is a word of Grafana's."""

    title: str
    unit: str
    queries: dict[str, str]
    says: str = ""
    kind: str = "timeseries"


def _quantile(share: float, name: str) -> str:
    return f"histogram_quantile({share}, sum by (account, le) (rate({name}_bucket{{{_OF}}}[5m])))"


ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "At a glance": (
        Panel(
            title="Messages of open campaigns",
            unit="short",
            queries={"{{state}}": "volley_messages"},
            says="By state, of all campaigns that are not over.",
        ),
        Panel(
            title="Messages a second",
            unit="reqps",
            queries={"{{outcome}}": f"sum by (outcome) (rate(volley_outcomes_total{{{_OF}}}[1m]))"},
        ),
        Panel(title="Live workers", unit="short", queries={"{{role}}": "volley_workers"}),
        Panel(
            title="Uncertain share",
            unit="percentunit",
            queries={
                "{{account}}": f'sum by (account) (rate(volley_outcomes_total{{{_OF},outcome="uncertain"}}[15m]))'
                f" / sum by (account) (rate(volley_outcomes_total{{{_OF}}}[15m]))"
            },
            says="Of the messages that had an outcome in a quarter of an hour.",
        ),
    ),
    "Sending": (
        Panel(
            title="Requests a second and their limit",
            unit="reqps",
            queries={
                "{{account}}": f"rate(volley_requests_total{{{_OF}}}[1m])",
                "{{account}} limit now": f"volley_throttle_requests_per_second{{{_OF}}}",
                "{{account}} limit": f"volley_throttle_limit_requests_per_second{{{_OF}}}",
            },
        ),
        Panel(
            title="Answer time of submissions",
            unit="s",
            queries={
                "{{account}} half": _quantile(0.5, "volley_request_seconds"),
                "{{account}} 95 %": _quantile(0.95, "volley_request_seconds"),
            },
        ),
        Panel(
            title="Requests at once",
            unit="short",
            queries={
                "{{account}} on the wire": f"volley_requests_on_wire{{{_OF}}}",
                "{{account}} slots held": f"volley_slots_held{{{_OF}}}",
                "{{account}} limit": f"volley_slots_limit{{{_OF}}}",
            },
        ),
        Panel(
            title="Told to slow down",
            unit="short",
            queries={"{{account}}": f"increase(volley_congested_total{{{_OF}}}[5m])"},
            says="Requests in five minutes that were over a limit of the provider.",
        ),
    ),
    "Accounts": (
        Panel(
            title="Blocked",
            unit="short",
            queries={"{{account}} {{reason}}": f"volley_account_blocked{{{_OF}}} > 0"},
            says="1 while an account may not send, with the reason.",
        ),
        Panel(title="Balance", unit="short", queries={"{{account}}": f"volley_account_balance{{{_OF}}}"}),
        Panel(
            title="Balance lasts",
            unit="s",
            queries={"{{account}}": f"volley_account_balance_lasts_seconds{{{_OF}}}"},
        ),
        Panel(
            title="Uncertain messages", unit="short", queries={"{{account}}": f"volley_uncertain_messages{{{_OF}}}"}
        ),
    ),
    "Reports and callbacks": (
        Panel(
            title="Reports a second",
            unit="reqps",
            queries={"{{account}} {{state}}": f"rate(volley_reports_total{{{_OF}}}[1m])"},
        ),
        Panel(
            title="Time until the final report",
            unit="s",
            queries={
                "{{account}} half": _quantile(0.5, "volley_delivery_seconds"),
                "{{account}} 95 %": _quantile(0.95, "volley_delivery_seconds"),
            },
        ),
        Panel(
            title="Report lag",
            unit="s",
            queries={
                "{{account}} polls": f"volley_report_lag_seconds{{{_OF}}}",
                "{{account}} callbacks": f"volley_callbacks_oldest_seconds{{{_OF}}}",
            },
            says="How far asking for reports, and applying callbacks, is behind.",
        ),
        Panel(
            title="Callbacks",
            unit="reqps",
            queries={
                "{{account}} kept": f"rate(volley_callbacks_total{{{_OF}}}[1m])",
                "{{account}} forged": f"rate(volley_callbacks_forged_total{{{_OF}}}[1m])",
                "{{account}} not understood": f"rate(volley_callbacks_unreadable_total{{{_OF}}}[1m])",
            },
        ),
        Panel(
            title="Awaiting a report",
            unit="short",
            queries={
                "{{account}}": f"volley_submissions_awaiting_report{{{_OF}}}",
                "{{account}} callbacks to apply": f"volley_callbacks_waiting{{{_OF}}}",
                "{{account}} reports without submission": f"volley_report_orphans{{{_OF}}}",
            },
        ),
        Panel(
            title="Incoming messages and exports",
            unit="short",
            queries={
                "{{account}} incoming in an hour": f"increase(volley_incoming_messages_total{{{_OF}}}[1h])",
                "{{account}} exports {{state}}": f"volley_exports{{{_OF}}}",
            },
        ),
    ),
    "Queues and Redis": (
        Panel(
            title="Jobs",
            unit="short",
            queries={
                "{{account}} {{lane}}": f"volley_queue_jobs{{{_OF}}}",
                "{{account}} {{lane}} ready": f"volley_queue_ready_jobs{{{_OF}}}",
                "control {{role}}": "volley_control_jobs",
            },
        ),
        Panel(
            title="Oldest ready job",
            unit="s",
            queries={
                "{{account}} {{lane}}": f"volley_queue_oldest_seconds{{{_OF}}}",
                "control {{role}}": "volley_control_oldest_seconds",
            },
        ),
        Panel(
            title="Redis memory",
            unit="bytes",
            queries={"used": "volley_redis_memory_bytes", "limit": "volley_redis_memory_limit_bytes > 0"},
        ),
        Panel(
            title="Redis keeps what it is told",
            unit="short",
            queries={"writes to disk": "volley_redis_persistent", "may evict": "volley_redis_may_evict"},
        ),
        Panel(
            title="arq",
            unit="short",
            queries={
                "{{queue}} complete": "volley_arq_jobs_complete",
                "{{queue}} failed": "volley_arq_jobs_failed",
                "{{queue}} retried": "volley_arq_jobs_retried",
                "{{queue}} ongoing": "volley_arq_jobs_ongoing",
            },
        ),
        Panel(
            title="From other services and operators",
            unit="short",
            queries={
                "waiting": "volley_intake_entries",
                "refused": "volley_dead_letters",
                "orders": "volley_orders_open",
            },
        ),
    ),
}


def dashboard() -> str:
    """The dashboard as Grafana imports it; it asks which Prometheus is meant."""
    return json.dumps(_dashboard(), indent=1, ensure_ascii=False) + "\n"


def _dashboard() -> dict[str, Any]:  # Any: JSON
    return {
        "title": "Volley",
        "uid": "volley",
        "tags": ["volley"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": [_SOURCES, _ACCOUNTS]},
        "panels": list(_panels()),
    }


_SOURCES: Final = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
_ACCOUNTS: Final = {
    "name": "account",
    "label": "Account",
    "type": "query",
    "datasource": _SOURCE,
    "query": {"query": "label_values(volley_account_open, account)", "refId": "accounts"},
    "refresh": 2,
    "includeAll": True,
    "multi": True,
    "allValue": ".*",
    "current": {"text": "All", "value": "$__all"},
}


def _panels() -> Iterator[dict[str, Any]]:  # Any: JSON
    number, top = 1, 0
    for title, panels in ROWS.items():
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": _place(0, top, 24, 1)}
        number, top = number + 1, top + 1
        for place, panel in enumerate(panels):
            yield _panel(number, panel, _place(place % 2 * _WIDTH, top, _WIDTH, _HEIGHT))
            number, top = number + 1, top + (_HEIGHT if place % 2 or place == len(panels) - 1 else 0)


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:  # Any: JSON
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.says,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend, "datasource": _SOURCE}
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }
