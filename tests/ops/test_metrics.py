"""The table of metrics and what /metrics says are the same, both ways."""

import re
from collections.abc import AsyncIterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from ops.metrics import METRICS, Kind, render
from ops.metrics.__main__ import main
from ops.metrics.page import page
from ops.readings import read_overview
from producer.contract import keys
from producer.contract.counters import SUBMISSION
from producer.contract.exports import ExportRecord, ExportState
from producer.contract.series import LIFE, RINGS, Sample, Span
from producer.contract.states import Event
from tests.support import CHECKOUT
from tests.worker.plain import NAME, plain_account
from tests.worker.scene import Scene, scene
from worker.engine import AccountQueues
from worker.providers.outcomes import Block

_PARTS = ("bucket", "sum", "count")

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
async def busy(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    """Something of everything that is measured."""
    async with scene(redis_url, plain_account(rate=20.0, in_flight=4)) as stage:
        one, two, _ = await stage.fed()
        await stage.claim(one, two)
        await stage.record(one, Event.SUBMIT, reference="r1")
        await stage.record(two, Event.DOUBT, reference="", code="volley.answer_lost")
        await stage.book.add(NAME, {"requests": 2, "request_ms": 250, "submitted": 1, "uncertain": 1, "tomorrow": 9})
        await stage.book.add(NAME, {SUBMISSION.bucket(0.05): 1, SUBMISSION.bucket(0.2): 1, "report_delivered": 3})
        await stage.book.add(NAME, {"delivery_le_inf": 1, "delivery_s": 90_000, "incoming": 4, "stale": 1})
        await stage.book.block(NAME, Block.MONEY, code="c", words="w", seconds=60)
        await stage.book.note(NAME, {"balance": "12.5", "balance_at": "1699999999", "report_at": "1700000000"})
        await _spent(stage)
        for stream in (keys.AUDIT, keys.DEAD, keys.INTAKE, keys.pushed(NAME)):
            await stage.redis.xadd(stream, {"a": b"b"})
        await stage.redis.hset(keys.exports(NAME), "1", ExportRecord(task=1, state=ExportState.FAILED).pack())
        await AccountQueues(stage.redis, NAME).record_health(1)
        yield stage


async def _spent(stage: Scene) -> None:
    """A balance that fell by one each minute."""
    now, _ = await Redis.time(stage.redis)
    for minutes in range(25):
        sample = Sample(at=now - minutes * 60, gauges={"balance": 12.5 + minutes})
        await stage.redis.setrange(keys.series(NAME, Span.DAY), RINGS[Span.DAY].offset(sample.at), sample.pack())
    await stage.redis.expire(keys.series(NAME, Span.DAY), LIFE)


async def measured(stage: Scene) -> Samples:
    text = render(await read_overview(stage.redis)).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def base_of(sample: str) -> str:
    parts = {f"{m.name}_{part}": m.name for m in METRICS if m.kind is Kind.HISTOGRAM for part in _PARTS}
    return parts.get(sample, sample)


async def test_every_metric_of_the_table_is_measured_and_every_measured_one_is_in_the_table(busy: Scene) -> None:
    table = {(metric.name, frozenset(metric.labels)) for metric in METRICS}
    found = {
        (base_of(name), frozenset(label for label, _ in labels) - {"le"}) for name, labels in await measured(busy)
    }
    assert found == table


async def test_types_and_help_are_those_of_the_table(busy: Scene) -> None:
    lines = render(await read_overview(busy.redis)).decode().splitlines()
    assert {line for line in lines if line.startswith("# TYPE")} == {f"# TYPE {m.name} {m.kind}" for m in METRICS}
    assert {line for line in lines if line.startswith("# HELP")} == {f"# HELP {m.name} {m.meaning}" for m in METRICS}


def test_names_follow_the_conventions_of_prometheus() -> None:
    for metric in METRICS:
        assert metric.name.startswith("volley_")
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER), metric.name
        assert metric.meaning.endswith("."), metric.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", metric.name), metric.name
        assert not re.search(r"_(ms|minutes|hours|percent|kb|mb|count|sum|bucket)$", metric.name), "base units only"
        assert set(metric.labels) <= {"account", "lane", "state", "outcome", "reason", "role", "queue"}, metric.name
        assert metric.kind is not Kind.HISTOGRAM or metric.name.endswith("_seconds"), metric.name
    assert len({metric.name for metric in METRICS}) == len(METRICS)


async def test_the_values_are_those_of_the_readings(busy: Scene) -> None:
    values = await measured(busy)
    account = ("account", NAME)
    assert values["volley_messages", (("state", "queued"),)] == 1
    assert values["volley_messages", (("state", "uncertain"),)] == 1
    assert values["volley_outcomes_total", (account, ("outcome", "submitted"))] == 1
    assert values["volley_request_seconds_sum", (account,)] == 0.25
    assert values["volley_request_seconds_count", (account,)] == 2
    assert values["volley_account_open", (account,)] == 0
    assert values["volley_account_blocked", (account, ("reason", "money"))] == 1
    assert values["volley_account_blocked", (account, ("reason", "address"))] == 0
    assert values["volley_account_balance", (account,)] == 12.5
    assert values["volley_last_report_timestamp_seconds", (account,)] == 1_700_000_000
    assert values["volley_uncertain_messages", (account,)] == 1
    assert values["volley_queue_jobs", (account, ("lane", "bulk"))] == 1
    assert values["volley_queue_jobs", (account, ("lane", "urgent"))] == 0
    assert values["volley_control_jobs", (("role", "send"),)] == 1, "the feeder was asked for"
    assert values["volley_redis_persistent", ()] == 1
    assert values["volley_account_balance_lasts_seconds", (account,)] == pytest.approx(12.5 * 60, rel=0.2)
    assert values["volley_reports_total", (account, ("state", "delivered"))] == 3
    assert values["volley_incoming_messages_total", (account,)] == 4
    assert values["volley_stale_outcomes_total", (account,)] == 1
    assert values["volley_submissions_awaiting_report", (account,)] >= 1
    assert values["volley_callbacks_waiting", (account,)] == 1
    assert values["volley_exports", (account, ("state", "failed"))] == 1
    assert values["volley_dead_letters", ()] == values["volley_audit_entries", ()] == 1


async def test_a_histogram_is_cumulative_and_ends_with_everything(busy: Scene) -> None:
    values = await measured(busy)
    account = ("account", NAME)
    found = {
        dict(labels)["le"]: count
        for (name, labels), count in values.items()
        if name == "volley_request_seconds_bucket"
    }
    assert (found["0.05"], found["0.1"], found["0.25"], found["20.0"], found["+Inf"]) == (1, 1, 2, 2, 2)
    assert values["volley_delivery_seconds_bucket", (account, ("le", "86400.0"))] == 0
    assert values["volley_delivery_seconds_count", (account,)] == 1
    assert values["volley_delivery_seconds_sum", (account,)] == 90_000


async def test_label_sets_are_closed_no_campaign_and_no_word_of_a_provider_becomes_a_label(busy: Scene) -> None:
    before = set(await measured(busy))
    await busy.submit("another", 5)
    await busy.redis.hincrby(keys.totals(NAME), "a word of tomorrow")
    await busy.redis.hset(keys.account(NAME), mapping={"state": "a block of tomorrow", "currency": "XYZ"})
    assert set(await measured(busy)) == before


def test_the_page_is_the_table_and_the_commands_print_what_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    for word, file in (("page", "METRICS.md"), ("grafana", "grafana.json")):
        assert main([word]) == 0
        assert capsys.readouterr().out == (CHECKOUT / "ops" / file).read_text(encoding="utf-8"), (
            f"run: python -m ops.metrics {word} > ops/{file}"
        )
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$", page(), re.MULTILINE)
    assert [(name, kind, tuple(re.findall(r"`(\w+)`", labels)), meaning) for name, kind, labels, meaning in rows] == [
        (metric.name, metric.kind, metric.labels, metric.meaning) for metric in METRICS
    ]
    assert main(["nonsense"]) == 2


async def test_text_from_outside_cannot_break_out_of_a_label(redis: Redis, redis_url: str) -> None:
    hostile = 'a"} 1\nvolley_fake 1\n#'
    async with scene(redis_url, plain_account(hostile)) as stage:
        values = await measured(stage)
        assert ("volley_fake", ()) not in values
        assert values["volley_account_open", (("account", hostile),)] == 1


def test_without_redis_only_that_is_said() -> None:
    lines = [line for line in render(None).decode().splitlines() if not line.startswith("#")]
    assert lines == ["volley_redis_up 0.0"]
