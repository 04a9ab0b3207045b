"""Spans of OpenTelemetry: `message` covers a message from its claim to its end; `submit` and `report` are under it.

The trace and its root are derived from the message's id (`producer.contract.traces`), so that the process which
submits and the one which hears the report months later need to tell each other nothing. The root is made by whoever
ends the message; one that ends without an answer or report (cancelled, expired) has no root, only what was under it.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

import structlog
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from producer.contract.messages import MessageId
from producer.contract.states import TRANSITIONS, Event, State
from producer.contract.traces import is_sampled, root_span_id, trace_id
from worker.ledger import Write
from worker.tracing.witness import Reported

_WELL: Final = frozenset({State.ENROUTE, State.DELIVERED})

log = structlog.get_logger(__name__)

Facts = dict[str, str | int]


class Spans:
    """A witness that makes spans of the `share` of messages that is traced. Spans leave in the background."""

    def __init__(self, exporter: SpanExporter, *, share: float) -> None:
        self._share = share
        self._ids = _Ids()
        resource = Resource.create({SERVICE_NAME: "volley"})
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("volley")

    def wants(self, message: MessageId) -> bool:
        """Whether this message is traced."""
        return is_sampled(message, self._share)

    def submitted(self, writes: Sequence[Write], started_at: int, ended_at: int) -> None:
        """A `submit` span for each traced message; its root, too, when it was refused for good."""
        try:
            for write in writes:
                if self.wants(write.message):
                    self._submit(write, started_at, ended_at)
        except Exception:  # what watches must never stop what it watches
            log.exception("trace_lost")

    def reported(self, items: Sequence[Reported]) -> None:
        """A `report` span for each message, and its root when it has ended."""
        try:
            for item in items:
                self._report(item)
        except Exception:  # what watches must never stop what it watches
            log.exception("trace_lost")

    async def close(self, within: float) -> None:
        """Hand over what is still here, for `within` seconds at most; a collector that is away cannot hold us."""
        thread = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, within)
        if thread.is_alive():
            log.warning("traces_left_behind", seconds=within)

    def _submit(self, write: Write, started_at: int, ended_at: int) -> None:
        facts = _facts(write.message, write.account, TRANSITIONS[write.event][1], write.code)
        facts |= {"volley.attempt": write.attempt, "volley.outcome": write.event, "volley.lane": write.lane}
        times = _Times(started_at, ended_at)
        failed = "" if write.event is Event.SUBMIT else write.code or write.event
        self._make("submit", SpanKind.CLIENT, _under(write.message), facts, times, failed)
        if write.event is Event.REJECT:
            self._root(write.message, facts, times, failed)

    def _report(self, item: Reported) -> None:
        facts = _facts(item.message, item.account, item.state, item.code)
        failed = "" if item.state in _WELL else item.code or item.state
        self._make("report", SpanKind.CONSUMER, _under(item.message), facts, _Times(item.at, item.at), failed)
        if item.state.is_final:
            self._root(item.message, facts, _Times(item.claimed_at or item.at, item.at), failed)

    def _root(self, message: MessageId, facts: Facts, times: "_Times", failed: str) -> None:
        with self._ids.next_are(trace_id(message), root_span_id(message)):
            self._make("message", SpanKind.PRODUCER, Context(), facts, times, failed)

    def _make(self, name: str, kind: SpanKind, under: Context, facts: Facts, times: "_Times", failed: str) -> None:
        span = self._tracer.start_span(name, under, kind, facts, start_time=times.started_at)
        if failed:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(times.ended_at)


class _Times(NamedTuple):
    """Unix nanoseconds."""

    started_at: int
    ended_at: int


class _Ids(RandomIdGenerator):
    """Random ids, unless the next ones are told. One thread makes spans."""

    def __init__(self) -> None:
        self._told: tuple[int, int] | None = None

    @contextmanager
    def next_are(self, trace: int, span: int) -> Iterator[None]:
        """Within this context a span gets these ids."""
        self._told = (trace, span)
        try:
            yield
        finally:
            self._told = None

    def generate_trace_id(self) -> int:
        """The told one, or a random one."""
        return self._told[0] if self._told else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """The told one, or a random one."""
        return self._told[1] if self._told else super().generate_span_id()


def _under(message: MessageId) -> Context:
    """The root of the message's trace as the parent, made or not."""
    root = SpanContext(
        trace_id=trace_id(message),
        span_id=root_span_id(message),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(root), Context())


def _facts(message: MessageId, account: str, state: State, code: str) -> Facts:
    """What a span tells of a message: never its text, never a number."""
    return {
        "volley.campaign": message.campaign,
        "volley.message": str(message),
        "volley.account": account,
        "volley.state": state,
        "volley.code": code,
    }
