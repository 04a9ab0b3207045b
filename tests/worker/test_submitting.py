"""One request on the wire: every ending becomes the right thing to record, whatever else goes wrong."""

import asyncio

import orjson
import pytest
from msgspec import structs
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract import keys
from producer.contract.messages import MessageId, Reference
from producer.contract.states import Event
from tests.support import wait_until
from tests.worker.plain import FakeExchange, Reply, plain_account
from tests.worker.scene import Scene
from worker.engine import Taken
from worker.keeping import Keeper
from worker.ledger import Claimed, Write
from worker.outliving import doubted
from worker.preparing import Prepared, Preparer
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.outcomes import Outcome
from worker.providers.requests import Answer
from worker.submitting import Submitter, released


class Lessons:
    """Takes lessons; may be a Redis that is away, or one that never answers."""

    def __init__(self, *, error: Exception | None = None, hangs: bool = False) -> None:
        self.learnt: list[tuple[Outcome, ...]] = []
        self._error = error
        self._hangs = hangs

    async def learn(self, outcomes: tuple[Outcome, ...], seconds: float, campaign: str) -> None:
        self.learnt.append(outcomes)
        if self._error is not None:
            raise self._error
        if self._hangs:
            await asyncio.Event().wait()


async def at_once() -> bool:
    return True


def submitter(
    reply: Reply,
    lessons: Lessons | None = None,
    *,
    gate: asyncio.Event | None = None,
    keeper: Keeper | None = None,
) -> Submitter:
    exchange = FakeExchange(lambda _: reply, gate=gate)
    return Submitter(plain_account(batch=3), exchange, lessons or Lessons(), most_attempts=2, keeper=keeper)


async def claimed(stage: Scene, messages: list[MessageId], attempt: int = 1) -> tuple[Prepared, list[Claimed]]:
    account = plain_account(batch=3)
    preparer = Preparer(account, stage.reader, "login", lambda: 0.0)
    [prepared], _ = await preparer.prepare([Taken(message=message, lane="bulk") for message in messages])
    [answers] = await stage.ledger.claim([prepared.claim])
    return prepared, [Claimed(message=answer.message, answer=answer.answer, attempt=attempt) for answer in answers]


def told(*outcomes: tuple[str, str]) -> Answer:
    return Answer(status=200, body=orjson.dumps(outcomes))


ENDINGS = {
    "accepted, provider's reference": (told(("submitted", "p1")), 1, Event.SUBMIT, "", 0.0),
    "refused for ever": (told(("rejected", "plain.7")), 1, Event.REJECT, "plain.7", 0.0),
    "not now": (told(("deferred", "plain.9")), 1, Event.DEFER, "plain.9", 30.0),
    "not now, for the last time": (told(("deferred", "plain.9")), 2, Event.REJECT, "plain.9", 0.0),
    "no money": (told(("blocked", "plain.3")), 1, Event.RELEASE, "plain.3", 0.0),
    "not understood": (Answer(status=502, body=b"<html>"), 1, Event.DOUBT, "plain.http", 0.0),
    "answer lost": (AnswerLost(reason="answer timeout"), 1, Event.DOUBT, "volley.answer_lost", 0.0),
    "not sent": (NotSent(reason="no connection"), 1, Event.RELEASE, "volley.not_sent", 0.0),
}


@pytest.mark.parametrize(("reply", "attempt", "event", "code", "seconds"), ENDINGS.values(), ids=ENDINGS)
async def test_each_ending_is_recorded_as_what_it_means(
    stage: Scene, reply: Reply, attempt: int, event: Event, code: str, seconds: float
) -> None:
    [message] = await stage.fed(count=1)
    prepared, claims = await claimed(stage, [message], attempt)
    [write] = await submitter(reply).submit(prepared, claims, at_once)
    assert (write.event, write.code, write.seconds, write.attempt) == (event, code, seconds, attempt)
    assert write.message == message


@pytest.mark.parametrize(("reply", "attempt", "event", "code"), [row[:4] for row in ENDINGS.values()], ids=ENDINGS)
async def test_each_ending_is_noted_for_the_message_s_page(
    stage: Scene, reply: Reply, attempt: int, event: Event, code: str
) -> None:
    [message] = await stage.fed(count=1)
    prepared, claims = await claimed(stage, [message], attempt)
    keeper = Keeper(stage.account)
    await submitter(reply, keeper=keeper).submit(prepared, claims, at_once)
    [noted] = keeper.take()
    assert (noted.prepared, noted.ending) == (prepared, reply)
    assert [getattr(outcome, "code", "") for outcome in noted.outcomes] == [code], event
    assert 0 <= noted.seconds < 5


async def test_what_did_not_leave_is_no_exchange_and_what_was_stopped_on_the_wire_is_one(stage: Scene) -> None:
    messages = await stage.fed(count=2)
    keeper = Keeper(stage.account)

    async def never() -> bool:
        return False

    prepared, claims = await claimed(stage, messages[:1])
    await submitter(told(), keeper=keeper).submit(prepared, claims, never)
    assert keeper.take() == []
    prepared, claims = await claimed(stage, messages[1:])
    work = submitter(told(), gate=asyncio.Event(), keeper=keeper)
    task = asyncio.create_task(work.submit(prepared, claims, at_once))
    await wait_until(lambda: work.on_wire == 1, description="the request on the wire")
    task.cancel()
    await task
    assert [noted.ending for noted in keeper.take()] == [AnswerLost(reason="the worker was stopped")]


async def test_the_providers_reference_is_recorded_and_else_our_own(stage: Scene) -> None:
    messages = await stage.fed(count=3)
    prepared, claims = await claimed(stage, messages)
    answer = told(("submitted", "p1"), ("submitted", ""), ("rejected", "plain.1"))
    writes = await submitter(answer).submit(prepared, claims, at_once)
    own = prepared.claim.reference
    assert [write.reference for write in writes] == [Reference("p1"), own, own]


async def test_stopped_on_the_wire_is_recorded_as_doubt(stage: Scene) -> None:
    messages = await stage.fed(count=3)
    prepared, claims = await claimed(stage, messages)
    work = submitter(told(), gate=asyncio.Event())
    task = asyncio.create_task(work.submit(prepared, claims, at_once))
    await wait_until(lambda: work.on_wire == 1, description="the request on the wire")
    task.cancel()
    writes = await task
    assert {(write.event, write.code) for write in writes} == {(Event.DOUBT, "volley.stopped_on_wire")}
    assert len(writes) == 3
    assert work.on_wire == 0


async def _one_accepted(stage: Scene, lessons: Lessons) -> list[Write]:
    [message] = await stage.fed(count=1)
    prepared, claims = await claimed(stage, [message])
    return await submitter(told(("submitted", "p1")), lessons).submit(prepared, claims, at_once)


async def test_an_outcome_survives_a_redis_that_is_away_for_the_lesson(stage: Scene) -> None:
    """What an answer teaches (block, slow down) is written to Redis before the outcome is handed over.

    When Redis was away just then, the error ended the consumer, the outcome was forgotten, a message that
    was known to be sent became uncertain, and one slot of the process was gone for good.
    """
    lessons = Lessons(error=RedisConnectionError("away"))
    [write] = await _one_accepted(stage, lessons)
    assert write.event is Event.SUBMIT
    assert len(lessons.learnt) == 1


async def test_an_outcome_survives_a_stop_during_the_lesson(stage: Scene) -> None:
    """A consumer that was cancelled while it wrote the lesson forgot an answer that had come."""
    lessons = Lessons(hangs=True)
    task = asyncio.create_task(_one_accepted(stage, lessons))
    await wait_until(lambda: lessons.learnt, description="the answer is being learnt from")
    task.cancel()
    [write] = await task
    assert write.event is Event.SUBMIT


async def test_quiet_waits_for_the_wire_and_no_longer_than_it_may(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    prepared, claims = await claimed(stage, [message])
    wire = asyncio.Event()
    work = submitter(told(("submitted", "p1")), gate=wire)
    await asyncio.wait_for(work.quiet(600), 60)
    task = asyncio.create_task(work.submit(prepared, claims, at_once))
    await wait_until(lambda: work.on_wire == 1, description="the request on the wire")
    await work.quiet(0.01)
    assert work.on_wire == 1
    wire.set()
    await asyncio.wait_for(work.quiet(600), 60)
    assert await task


async def test_what_may_not_leave_is_released_and_teaches_nothing(stage: Scene) -> None:
    prepared, claims = await claimed(stage, await stage.fed(count=2))
    lessons = Lessons()

    async def never() -> bool:
        return False

    writes = await submitter(told(("submitted", "p1"), ("submitted", "p2")), lessons).submit(prepared, claims, never)
    assert [(write.message, write.event, write.reference) for write in writes] == [
        (claim.message, Event.RELEASE, prepared.claim.reference) for claim in claims
    ]
    assert lessons.learnt == []


async def test_it_is_not_quiet_where_another_request_has_begun_meanwhile(stage: Scene) -> None:
    """The wire was empty for one turn of the loop: whoever was told so then would cut the next request short."""
    work = submitter(told(("submitted", "p1")))
    work.on_wire = 1
    work._quiet.clear()
    waiting = asyncio.create_task(work.quiet(600))
    await asyncio.sleep(0)
    work._off_wire()
    work.on_wire = 1  # as `submit` begins
    work._quiet.clear()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    work._off_wire()
    await asyncio.wait_for(waiting, 60)


@pytest.mark.parametrize(
    ("reply", "is_lifted"),
    [
        (NotSent(reason="no connection"), True),
        (told(("blocked", "plain.3")), False),
        (AnswerLost(reason="answer timeout"), False),
        (told(("submitted", "p1")), False),
    ],
)
async def test_only_what_certainly_did_not_leave_lifts_the_fence(
    stage: Scene,
    reply: Reply,
    is_lifted: bool,  # noqa: FBT001
) -> None:
    """A provider that answered has seen the request: an identical one is refused for a minute."""
    prepared, claims = await claimed(stage, await stage.fed(count=1))
    fenced = structs.replace(prepared, claim=structs.replace(prepared.claim, fingerprint="same", fence=60.0))
    writes = await submitter(reply).submit(fenced, claims, at_once)
    assert [write.fence for write in writes] == [fenced.claim.fence_key if is_lifted else ""]


async def test_what_is_withheld_lifts_the_fence_and_what_failed_unforeseen_does_not(stage: Scene) -> None:
    prepared, claims = await claimed(stage, await stage.fed(count=1))
    fenced = structs.replace(prepared, claim=structs.replace(prepared.claim, fingerprint="same", fence=60.0))
    assert [write.fence for write in released(fenced, claims)] == [keys.fence(prepared.claim.login, "same")]
    assert [write.fence for write in doubted(fenced, claims)] == [""]
