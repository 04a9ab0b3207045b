"""A message is one trace, whichever processes saw it; nothing is traced that was not asked for."""

import asyncio
import logging
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from redis.asyncio import Redis

from producer.contract.messages import AccountName, CampaignId, MessageId, Reference
from producer.contract.states import Event, State
from producer.contract.traces import is_sampled, root_span_id, trace_id
from tests.worker.plain import FakeExchange, Reply, plain_account
from tests.worker.scene import Scene, scene
from worker.engine import Taken
from worker.preparing import Preparer
from worker.providers.exchange import AnswerLost
from worker.providers.reports import Report
from worker.providers.requests import Answer
from worker.settings import SettingsError, Traces
from worker.tracing import Reported, TracedSubmitter, start_traces
from worker.tracing.spans import Spans
from worker.tracking import Tracker


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url, plain_account(batch=3)) as made:
        yield made


class Lessons:
    async def learn(self, outcomes: object, seconds: float, campaign: str) -> None:
        pass


async def at_once() -> bool:
    return True


async def submit(stage: Scene, witness: Spans, messages: Sequence[MessageId], reply: Reply) -> None:
    """Prepared, claimed, submitted and recorded as a sender does it."""
    preparer = Preparer(stage.account, stage.reader, "login", lambda: 0.0)
    [prepared], _ = await preparer.prepare([Taken(message=message, lane="bulk") for message in messages])
    [claims] = await stage.ledger.claim([prepared.claim])
    exchange = FakeExchange(lambda _: reply)
    submitter = TracedSubmitter(stage.account, exchange, Lessons(), most_attempts=5, witness=witness)
    await stage.ledger.record(await submitter.submit(prepared, claims, at_once))


def accepted(*references: str) -> Answer:
    return Answer(status=200, body=orjson.dumps([("submitted", reference) for reference in references]))


def tracker_of(stage: Scene, witness: Spans) -> Tracker:
    return Tracker(stage.account, stage.redis, stage.ledger, stage.reader, stage.book, witness=witness)


def report(reference: str, event: Event) -> Report:
    return Report(reference=Reference(reference), event=event, code="plain.1", words="so")


async def made(witness: Spans, exporter: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    """All spans by name, the witness being closed."""
    await witness.close(5.0)
    found: dict[str, list[ReadableSpan]] = {}
    for span in exporter.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


async def test_a_message_is_one_trace_from_submission_to_report_in_different_processes(stage: Scene) -> None:
    """The sender and the tracker share nothing but the message's id."""
    sent_by, heard_by = InMemorySpanExporter(), InMemorySpanExporter()
    sender, hearer = Spans(sent_by, share=1.0), Spans(heard_by, share=1.0)
    [message] = await stage.fed(count=1)
    await submit(stage, sender, [message], accepted("p1"))
    tracker = tracker_of(stage, hearer)
    await tracker.apply([report("p1", Event.REPORT_ENROUTE)])
    await tracker.apply([report("p1", Event.REPORT_DELIVERED)])
    await tracker.counter.flush()
    [submitted] = (await made(sender, sent_by))["submit"]
    heard = await made(hearer, heard_by)
    [enroute, delivered], [root] = heard["report"], heard["message"]
    spans = [submitted, enroute, delivered, root]
    assert {span.context.trace_id for span in spans} == {trace_id(message)}
    assert root.parent is None
    assert root.context.span_id == root_span_id(message)
    assert {span.parent.span_id for span in spans[:3] if span.parent} == {root_span_id(message)}
    assert len({span.context.span_id for span in spans}) == 4
    assert (submitted.kind, enroute.kind) == (SpanKind.CLIENT, SpanKind.CONSUMER)
    assert [span.status.status_code for span in spans] == [StatusCode.UNSET] * 4
    assert root.start_time is not None
    assert delivered.end_time is not None
    assert root.start_time <= root.end_time == delivered.end_time
    assert abs(root.start_time - submitted.start_time) < 10e9, "it covers the message from its claim on"


async def test_a_span_tells_campaign_message_account_and_outcome_and_never_a_text_or_a_number(stage: Scene) -> None:
    exporter = InMemorySpanExporter()
    witness = Spans(exporter, share=1.0)
    messages = await stage.fed(count=2, text="my secret code")
    await submit(stage, witness, messages, accepted("p1", "p2"))
    spans = (await made(witness, exporter))["submit"]
    assert [dict(span.attributes or {}) for span in spans] == [
        {
            "volley.campaign": "spring",
            "volley.message": str(message),
            "volley.account": "athens",
            "volley.state": "submitted",
            "volley.code": "",
            "volley.attempt": 1,
            "volley.outcome": "submit",
            "volley.lane": "bulk",
        }
        for message in messages
    ]
    told = "".join(span.to_json() for span in spans)
    assert "secret" not in told
    assert "3069" not in told


async def test_a_refused_message_ends_at_once_and_an_uncertain_one_does_not(stage: Scene) -> None:
    exporter = InMemorySpanExporter()
    witness = Spans(exporter, share=1.0)
    one, two = await stage.fed(count=2)
    await submit(stage, witness, [one], Answer(status=200, body=orjson.dumps([("rejected", "plain.7")])))
    await submit(stage, witness, [two], AnswerLost(reason="reset"))
    found = await made(witness, exporter)
    assert [span.status.description for span in found["submit"]] == ["plain.7", "volley.answer_lost"]
    assert [span.context.trace_id for span in found["message"]] == [trace_id(one)]
    assert found["message"][0].status.status_code is StatusCode.ERROR


async def test_a_share_of_the_messages_is_traced_and_the_same_ones_everywhere(stage: Scene) -> None:
    exporter = InMemorySpanExporter()
    witness = Spans(exporter, share=0.3)
    messages = await stage.fed(count=30)
    for start in range(0, 30, 3):
        group = messages[start : start + 3]
        await submit(stage, witness, group, accepted(*(f"p{start + place}" for place in range(3))))
    tracker = tracker_of(stage, witness)
    await tracker.apply([report(f"p{place}", Event.REPORT_DELIVERED) for place in range(30)])
    await tracker.counter.flush()
    found = await made(witness, exporter)
    wanted = {trace_id(message) for message in messages if is_sampled(message, 0.3)}
    assert 0 < len(wanted) < 30
    for name in ("submit", "report", "message"):
        assert {span.context.trace_id for span in found[name]} == wanted, name


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.25, 500), (1.0, 2000)])
def test_the_share_is_what_it_says(share: float, expected: int) -> None:
    messages = [
        MessageId(campaign=CampaignId("spring"), chunk=place // 500, place=place % 500) for place in range(2000)
    ]
    sampled = [message for message in messages if is_sampled(message, share)]
    assert abs(len(sampled) - expected) <= (0 if share in {0.0, 1.0} else 100)
    assert all(is_sampled(message, min(1.0, share * 2)) for message in sampled), "a larger share holds the smaller"


def test_ids_are_never_nought_and_differ() -> None:
    messages = [MessageId(campaign=CampaignId(name), chunk=0, place=place) for name in "ab" for place in range(50)]
    ids = {trace_id(message) for message in messages} | {root_span_id(message) for message in messages}
    assert 0 not in ids
    assert len(ids) == 200


# --- off, missing, failing -------------------------------------------------------------------------------


def test_without_a_share_nothing_is_started_and_opentelemetry_is_not_even_imported() -> None:
    assert start_traces(Traces()) is None
    program = "import sys; import worker.app, worker.process; print([n for n in sys.modules if 'opentelemetry' in n])"
    assert _run(program) == "[]"


def _run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_asked_for_and_not_installed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SettingsError, match=r"\[traces\] share is 0.5.*pip install 'volley\[otel\]'.*share = 0"):
        start_traces(Traces(share=0.5))


class Stuck(SpanExporter):
    """A collector that never answers."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.released.wait(30)
        return SpanExportResult.FAILURE


def ended(message: MessageId) -> Reported:
    return Reported(message=message, account=AccountName("athens"), state=State.DELIVERED, code="", at=time.time_ns())


async def test_a_collector_that_never_answers_does_not_hold_the_end() -> None:
    exporter = Stuck()
    witness = Spans(exporter, share=1.0)
    witness.reported([ended(MessageId(campaign=CampaignId("a"), chunk=0, place=0))])
    started = time.monotonic()
    await witness.close(0.2)
    assert time.monotonic() - started < 15
    assert await asyncio.to_thread(exporter.asked.wait, 30)
    exporter.released.set()


async def test_a_span_that_cannot_be_made_costs_no_message(
    stage: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    witness = Spans(InMemorySpanExporter(), share=1.0)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug of somebody else")

    monkeypatch.setattr(witness._tracer, "start_span", fail)
    caplog.set_level(logging.CRITICAL)
    [message] = await stage.fed(count=1)
    await submit(stage, witness, [message], accepted("p1"))
    assert await stage.state_of(message) is State.SUBMITTED
    tracker = tracker_of(stage, witness)
    await tracker.apply([report("p1", Event.REPORT_DELIVERED)])
    await tracker.counter.flush()
    assert await stage.state_of(message) is State.DELIVERED
    await asyncio.wait_for(witness.close(5.0), 10)
