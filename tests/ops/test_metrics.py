"""The table of metrics and what /metrics says are the same, both ways."""

from collections.abc import AsyncIterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from ops.metrics import METRICS, render
from ops.readings import read_overview
from producer.contract import keys
from producer.contract.states import Event
from tests.worker.scene import NAME, Scene, plain_account, scene
from worker.engine import AccountQueues
from worker.providers.interface import Block

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
        await stage.book.block(NAME, Block.MONEY, code="c", words="w", seconds=60)
        await stage.book.note(NAME, {"balance": "12.5", "report_at": "1700000000"})
        await AccountQueues(stage.redis, NAME).record_health(1)
        yield stage


async def measured(stage: Scene) -> Samples:
    text = render(await read_overview(stage.redis)).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def base_of(sample: str) -> str:
    summaries = {metric.name for metric in METRICS if metric.kind == "summary"}
    return next((name for name in summaries if sample in {f"{name}_sum", f"{name}_count"}), sample)


async def test_every_metric_of_the_table_is_measured_and_every_measured_one_is_in_the_table(busy: Scene) -> None:
    table = {(metric.name, frozenset(metric.labels)) for metric in METRICS}
    found = {(base_of(name), frozenset(label for label, _ in labels)) for name, labels in await measured(busy)}
    assert found == table


async def test_types_and_help_are_those_of_the_table(busy: Scene) -> None:
    lines = render(await read_overview(busy.redis)).decode().splitlines()
    assert {line for line in lines if line.startswith("# TYPE")} == {f"# TYPE {m.name} {m.kind}" for m in METRICS}
    assert {line for line in lines if line.startswith("# HELP")} == {f"# HELP {m.name} {m.meaning}" for m in METRICS}


def test_names_follow_the_conventions_of_prometheus() -> None:
    for metric in METRICS:
        assert metric.name.startswith("volley_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.meaning.endswith("."), metric.name
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
    assert values["volley_queue_jobs", (("queue", f"{NAME}:bulk"),)] == 1
    assert values["volley_redis_persistent", ()] == 1


async def test_label_sets_are_closed_no_campaign_and_no_word_of_a_provider_becomes_a_label(busy: Scene) -> None:
    before = set(await measured(busy))
    await busy.submit("another", 5)
    await busy.redis.hincrby(keys.totals(NAME), "a word of tomorrow")
    await busy.redis.hset(keys.account(NAME), mapping={"state": "a block of tomorrow", "currency": "XYZ"})
    assert set(await measured(busy)) == before


async def test_text_from_outside_cannot_break_out_of_a_label(redis: Redis, redis_url: str) -> None:
    hostile = 'a"} 1\nvolley_fake 1\n#'
    async with scene(redis_url, plain_account(hostile)) as stage:
        values = await measured(stage)
        assert ("volley_fake", ()) not in values
        assert values["volley_account_open", (("account", hostile),)] == 1


def test_without_redis_only_that_is_said() -> None:
    lines = [line for line in render(None).decode().splitlines() if not line.startswith("#")]
    assert lines == ["volley_redis_up 0.0"]
