"""What is measured, sampled, traced and logged of a campaign is what happened to it."""

import json
from collections import Counter
from collections.abc import Mapping

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from ops.metrics import render
from ops.readings import read_overview, read_series
from producer.contract import keys
from producer.contract.messages import AccountName, MessageId
from producer.contract.series import RINGS, Span
from producer.contract.states import State
from producer.contract.traces import trace_id
from tests.support import wait_until
from tests.support_system import System, log_of, numbers, phone
from worker.tracing.spans import Spans

ATHENS, MOSCOW = AccountName("athens"), AccountName("moscow")
COUNT = 120


async def measured(system: System) -> dict[tuple[str, str, str], float]:
    """Samples by name, account and whatever other label there is."""
    text = render(await read_overview(system.redis)).decode()
    return {
        (sample.name, labels.pop("account", ""), ",".join(labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if (labels := dict(sample.labels)) is not None
    }


async def test_metrics_and_series_tell_what_was_sent_and_what_was_reported(system: System) -> None:
    await system.announced()
    async with system.worker():
        # the first sample comes before anything is sent: what follows is what grew since
        async def are_sampled() -> bool:
            found = await read_series(system.redis, [ATHENS, MOSCOW], Span.HOUR)
            return not any(series.is_empty for series in found.values())

        await wait_until(are_sampled, description="the first samples")
        for account in (ATHENS, MOSCOW):
            await system.producer.submit(
                account_name=account, text="hello", recipients=numbers(COUNT), campaign_id=f"to-{account}"
            )
        for account in (ATHENS, MOSCOW):
            await system.finished(f"to-{account}")

        async def have_grown() -> bool:
            found = await read_series(system.redis, [ATHENS, MOSCOW], Span.HOUR)
            return all(
                sum(point.grown.get(counted, 0) for point in series.points) >= COUNT
                for series in found.values()
                for counted in ("submitted", "report_delivered")
            )

        await wait_until(have_grown, description="samples of what was delivered")
        values = await measured(system)
    for account in (ATHENS, MOSCOW):
        assert values["volley_outcomes_total", account, "submitted"] == COUNT
        assert values["volley_reports_total", account, "delivered"] == COUNT
        requests = values["volley_requests_total", account, ""]
        assert values["volley_request_seconds_bucket", account, "+Inf"] == requests
        assert 0 < values["volley_request_seconds_sum", account, ""] < requests * 2
        assert 0 < values["volley_delivery_seconds_count", account, ""] <= COUNT
        assert values["volley_delivery_seconds_bucket", account, "60.0"] > 0
    assert values["volley_workers", "", "send"] == values["volley_workers", "", "track"] == 1
    series = await read_series(system.redis, [ATHENS, MOSCOW], Span.HOUR)
    for each in series.values():
        last = each.last(600)
        assert last.grown["submitted"] == last.grown["report_delivered"] == COUNT
        assert last.gauge("queued") == 0
        assert await system.redis.strlen(keys.series(ATHENS, Span.HOUR)) == RINGS[Span.HOUR].size


async def test_every_message_is_one_trace_in_the_whole_system(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    monkeypatch.setattr("worker.shared.start_traces", lambda _: Spans(exporter, share=1.0))
    await system.announced()
    async with system.inside():
        await system.producer.submit(
            account_name=MOSCOW, text="hello", recipients=numbers(COUNT), campaign_id="traced"
        )
        await system.finished("traced")
    by_trace: dict[int, Counter[str]] = {}
    for span in exporter.get_finished_spans():
        by_trace.setdefault(span.context.trace_id, Counter())[span.name] += 1
        assert span.context.trace_id == trace_id(MessageId.parse(str(span.attributes["volley.message"])))
    assert len(by_trace) == COUNT
    for names in by_trace.values():
        assert names["message"] == 1
        assert names["submit"] >= 1
        assert names["report"] >= 1


async def test_no_number_text_or_secret_stands_in_a_workers_log(system: System) -> None:
    """Lost, refused and garbled answers, a hostile entry of another service, a login that is refused."""
    text = "your one-time code is 4711-0815"
    recipients = numbers(10) + [phone(ending) for ending in ("967", "969", "981", "982", "986")]
    await system.announced()
    async with system.worker() as process:
        await system.provider.switch("smsc/north", wrong_credentials=True)
        await system.redis.xadd(keys.INTAKE, {"type": text, "to": recipients[0], "body": "\n\x1b[31m" + text})
        for account in (ATHENS, MOSCOW):
            await system.producer.submit(
                account_name=account,
                text=text,
                recipients=recipients,
                campaign_id=f"to-{account}",
                on_uncertain="assume_sent",
            )

        def has_told() -> bool:
            whole, _, _ = log_of(process).rpartition("\n")  # it may be in the middle of a line
            events = {json.loads(line)["event"] for line in whole.splitlines()}
            return {"call_refused", "intake_entry_refused", "worker_started"} <= events

        await wait_until(has_told, description="a refused call and a refused entry in the log")
        await system.until(f"to-{ATHENS}", _is_tried, "every message tried")
    log = log_of(process)
    for forbidden in (text, "one-time", "north-secret", "north-key", "\x1b", *recipients):
        assert forbidden not in log
    assert {json.loads(line).get("account") for line in log.splitlines()} >= {MOSCOW}


def _is_tried(states: Mapping[State, int], total: int) -> bool:
    return sum(states.values()) == total and not set(states) & {State.QUEUED, State.IN_FLIGHT}
