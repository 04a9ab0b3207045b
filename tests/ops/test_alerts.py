"""Alerts and the Grafana dashboard use the names and labels of the table, and each alert leads to its remedy."""

import json
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from ops.metrics import METRICS, Kind, Metric
from ops.metrics.grafana import dashboard
from tests.support import CHECKOUT

ALERTS = CHECKOUT / "ops" / "alerts.yml"
RUNBOOK = CHECKOUT / "ops" / "RUNBOOK.md"
CASES = CHECKOUT / "tests" / "ops" / "alerts_test.yml"

KNOWN: dict[str, Metric] = {
    name: metric
    for metric in METRICS
    for name in (
        [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
        if metric.kind is Kind.HISTOGRAM
        else [metric.name]
    )
}

_NAMES = re.compile(r"\bvolley_\w+")
_SELECTORS = re.compile(r"\b(volley_\w+)\{([^}]*)\}")
_GROUPED = re.compile(r"\b(?:by|on) \(([\w, ]*)\)")

RULES: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
PANELS = [panel for panel in json.loads(dashboard())["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


def kebab(name: str) -> str:
    """`QueueAge` as a heading's anchor: `queue-age`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def rule(name: str) -> Any:
    return next(rule for rule in RULES if rule["alert"] == name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_it_is_how_bad_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"([A-Z][a-z]+)+", rule["alert"])
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["labels"]["service"] == "volley"
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"ops/RUNBOOK.md#{kebab(rule['alert'])}"
    assert all(text.endswith(".") for name, text in rule["annotations"].items() if name != "runbook")
    assert "for" not in rule or re.fullmatch(r"\d+m", rule["for"])


def test_the_runbook_has_a_section_for_every_alert() -> None:
    headings = re.findall(r"^#+ (.*)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {kebab(rule["alert"]) for rule in RULES} - anchors == set()


def test_what_must_be_watched_is_watched() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(names) >= {
        *("NothingSent", "TooManyUncertain", "AccountBlocked", "BalanceLow", "ReportLag", "QueueAge"),
        *("LimitViolations", "RedisNotPersistent", "CallbackSignatures"),
    }
    assert "> 0.01" in rule("TooManyUncertain")["expr"]


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in RULES), *QUERIES])
def test_every_name_and_label_in_an_expression_is_the_table_s(expression: str) -> None:
    assert _NAMES.findall(expression)
    assert set(_NAMES.findall(expression)) - set(KNOWN) == set()
    for name, matchers in _SELECTORS.findall(expression):
        labels = set(re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers))
        assert labels <= {*KNOWN[name].labels, "le"}, name
    labels_in_use = {label for name in _NAMES.findall(expression) for label in KNOWN[name].labels} | {"le"}
    for group in _GROUPED.findall(expression):
        assert set(filter(None, group.replace(" ", "").split(","))) <= labels_in_use
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_names_only_labels_that_its_expression_keeps(rule: dict[str, Any]) -> None:
    named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    kept = [set(KNOWN[name].labels) for name in _NAMES.findall(rule["expr"])]
    assert all(named <= labels for labels in kept[:1]), named


def test_a_counter_is_never_used_without_a_rate() -> None:
    counters = {name for name, metric in KNOWN.items() if metric.kind is not Kind.GAUGE}
    for expression in [*(rule["expr"] for rule in RULES), *QUERIES]:
        for name in set(_NAMES.findall(expression)) & counters:
            assert re.search(rf"(rate|increase)\({name}(\{{[^}}]*\}})?\[\d+[mh]\]\)", expression), expression


def test_the_dashboard_shows_what_is_sent_what_waits_and_what_is_wrong() -> None:
    shown = {KNOWN[name].name for query in QUERIES for name in _NAMES.findall(query)}
    unseen = {metric.name for metric in METRICS} - shown
    assert unseen == {
        *("volley_redis_up", "volley_campaigns", "volley_suppressed_numbers", "volley_redis_clients"),
        *("volley_audit_entries", "volley_audit_last_timestamp_seconds", "volley_account_open"),
        *("volley_account_balance_timestamp_seconds", "volley_last_report_timestamp_seconds"),
        *("volley_stale_outcomes_total", "volley_throttle_rate_ratio", "volley_permits_lost_total"),
    }


def test_the_dashboard_s_panels_are_laid_out_without_overlap() -> None:
    board = json.loads(dashboard())
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)


# --- with Prometheus' own tool ---------------------------------------------------------------------------


def test_every_alert_has_a_case_in_which_it_fires_and_is_quiet_when_all_is_well() -> None:
    calm, *cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))["tests"]
    names = [rule["alert"] for rule in RULES]
    assert [test["alertname"] for test in calm["alert_rule_test"]] == names
    assert all(test["exp_alerts"] == [] for test in calm["alert_rule_test"])
    assert [kebab(name).replace("-", " ") for name in names] == [case["name"] for case in cases]
    series = {re.split(r"[{ ]", each["series"])[0] for test in [calm, *cases] for each in test["input_series"]}
    assert series <= set(KNOWN)


@pytest.mark.parametrize("words", [["check", "rules", str(ALERTS)], ["test", "rules", str(CASES)]])
def test_promtool_finds_nothing_wrong(words: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
