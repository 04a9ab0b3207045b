"""The sender as a whole, against an exchange that plays the provider: nobody lost, nobody twice, slots given back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import orjson
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from tests.support import wait_until
from tests.worker.scene import FakeExchange, Reply, Scene, numbers, plain_account, plain_family
from worker import sending
from worker.engine import AccountQueues, Taken
from worker.learning import Learning
from worker.ledger import Claimed, Recorded, Write
from worker.preparing import Prepared, Preparer
from worker.providers.exchange import MayLeave, NotSent
from worker.providers.interface import Answer, HttpRequest
from worker.recording import Recorder
from worker.sending import Sender
from worker.submitting import Submitter
from worker.throttle import Gate


def accepted(request: HttpRequest) -> Reply:
    """Each message of the request under a reference of its own."""
    return Answer(status=200, body=orjson.dumps([("submitted", f"p{msisdn}") for msisdn, _ in request.form]))


@dataclass
class Line:
    """A sender with its parts, running."""

    sender: Sender
    gate: Gate
    exchange: FakeExchange
    queues: AccountQueues
    ledger: object

    def sent(self) -> Counter[str]:
        """How often each MSISDN was on the wire."""
        return Counter(msisdn for request in self.exchange.asked for msisdn, _ in request.form)


@asynccontextmanager
async def line(
    stage: Scene,
    answer: Callable[[HttpRequest], Reply] = accepted,
    *,
    batch: int = 1,
    slots: int = 4,
    wire: asyncio.Event | None = None,
    ledger: object = None,
    worker: str = "w1",
) -> AsyncIterator[Line]:
    account = plain_account(family=plain_family(), in_flight=slots, batch=batch)
    gate = Gate(stage.redis, account="athens", login="login", rate=5000.0, slots=slots, worker=worker, slot_lease=30)
    exchange = FakeExchange(answer, gate=wire)
    learning = Learning(account, gate, stage.book, probe_every=60.0)
    queues = AccountQueues(stage.redis, account.name)
    recorder = Recorder(stage.ledger, _unusual)
    sender = Sender(
        queues=queues,
        gate=gate,
        preparer=Preparer(account, stage.reader, "login", lambda: 0.0),
        ledger=ledger or stage.ledger,
        submitter=Submitter(account, exchange, learning, most_attempts=3),
        recorder=recorder,
        consumers=slots,
        batch=batch,
    )
    recording, running = asyncio.create_task(recorder.run()), asyncio.create_task(sender.run())
    try:
        yield Line(sender=sender, gate=gate, exchange=exchange, queues=queues, ledger=sender._ledger)
    finally:
        await sender.stop(0.2)
        for task in (running, recording):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _unusual(answers: Sequence[Recorded]) -> None:
    raise AssertionError(answers)


async def all_are(stage: Scene, state: State, count: int) -> None:
    async def reached() -> bool:
        return await stage.counts("spring") == {state.value: count}

    await wait_until(reached, description=f"{count} messages are {state}")


@pytest.mark.parametrize("batch", [1, 7])
async def test_everybody_is_sent_once(stage: Scene, batch: int) -> None:
    await stage.fed(count=200)
    async with line(stage, batch=batch) as work:
        await all_are(stage, State.SUBMITTED, 200)
        assert work.sent() == Counter(numbers(200))
        if batch > 1:
            assert len(work.exchange.asked) < 100
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def test_two_processes_send_everybody_once(stage: Scene) -> None:
    await stage.fed(count=200)
    async with line(stage, worker="w1") as one, line(stage, worker="w2") as two:
        await all_are(stage, State.SUBMITTED, 200)
        assert one.sent() + two.sent() == Counter(numbers(200))
    assert await stage.mistakes("spring") == []


async def test_no_more_requests_are_on_the_wire_than_there_are_slots(stage: Scene) -> None:
    await stage.fed(count=50)
    wire = asyncio.Event()
    async with line(stage, slots=3, wire=wire) as work:
        await wait_until(lambda: len(work.exchange.asked) == 3, description="three requests on the wire")
        await wait_until(lambda: _refused_a_slot(work), description="the sender has asked for a fourth slot")
        assert len(work.exchange.asked) == 3
        assert (await stage.counts("spring"))["in_flight"] <= 6
        wire.set()
        await all_are(stage, State.SUBMITTED, 50)
        assert work.exchange.most_at_once == 3


def _refused_a_slot(work: Line) -> bool:
    return work.gate.waiting is not None and work.gate.waiting.why == "slots"


async def test_what_could_not_leave_goes_back_and_blocks_the_account_for_a_while(stage: Scene) -> None:
    await stage.fed(count=5)
    async with line(stage, lambda _: NotSent(reason="no connection")) as work:
        await wait_until(lambda: _blocked(stage), description="the account is blocked")
        await work.sender.stop(1)
    assert await stage.counts("spring") == {"queued": 5}
    assert {(await stage.record_of(m)).attempts for m in await _messages(stage, 5)} == {0}
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def _blocked(stage: Scene) -> bool:
    return await stage.book.state("athens") == "unreachable"


async def _messages(stage: Scene, count: int) -> list[MessageId]:
    return [MessageId(campaign="spring", chunk=0, place=place) for place in range(count)]


async def test_a_stop_lets_requests_end_and_gives_the_rest_back(stage: Scene) -> None:
    await stage.fed(count=50)
    wire = asyncio.Event()
    async with line(stage, slots=3, wire=wire) as work:
        await wait_until(lambda: len(work.exchange.asked) == 3, description="three requests on the wire")
        stopping = asyncio.create_task(work.sender.stop(5))
        await asyncio.sleep(0)
        wire.set()
        await stopping
        sent = len(work.exchange.asked)
    assert await stage.counts("spring") == {"submitted": sent, "queued": 50 - sent}
    assert len(work.exchange.asked) == sent
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def test_a_stop_that_cannot_wait_leaves_doubt_about_what_is_on_the_wire_alone(stage: Scene) -> None:
    await stage.fed(count=50)
    async with line(stage, slots=3, wire=asyncio.Event()) as work:
        await wait_until(lambda: len(work.exchange.asked) == 3, description="three requests on the wire")
        await work.sender.stop(0.05)
    assert await stage.counts("spring") == {"uncertain": 3, "queued": 47}
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


class Slow:
    """A ledger whose claims take a while, or fail."""

    def __init__(self, stage: Scene, *, fails: int = 0) -> None:
        self._stage = stage
        self.fails = fails
        self.claiming = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def claim(self, requests: Sequence[object]) -> object:
        if self.fails:
            self.fails -= 1
            raise RedisConnectionError("away")
        answers = await self._stage.ledger.claim(requests)
        self.claiming.set()
        await self.may_answer.wait()
        return answers


async def test_a_stop_in_the_middle_of_a_claim_leaves_nothing_in_flight(stage: Scene) -> None:
    """The messages were claimed while the stop emptied the consumers' queue: they were put there afterwards.

    Nobody sent them and nobody gave them back: thirty seconds later they were uncertain, unsent.
    """
    await stage.fed(count=20)
    slow = Slow(stage)
    async with line(stage, ledger=slow) as work:
        await asyncio.wait_for(slow.claiming.wait(), 60)
        stopping = asyncio.create_task(work.sender.stop(5))
        await wait_until(work.sender._stopping.is_set, description="the stop is under way")
        slow.may_answer.set()
        await stopping
    counts = await stage.counts("spring")
    assert "in_flight" not in counts
    assert "uncertain" not in counts
    assert counts.get("submitted", 0) == len(work.exchange.asked)
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def test_permits_of_a_round_that_failed_are_given_up(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis went away between the permits and the claim; the permits stayed counted as requests in flight.

    After as many failures as there are slots the process sent nothing any more.
    """
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    monkeypatch.setattr("worker.engine.queues._TAKE_LEASE", 20)
    await stage.fed(count=20)
    slow = Slow(stage, fails=10)
    slow.may_answer.set()
    async with line(stage, slots=2, ledger=slow) as work:
        await all_are(stage, State.SUBMITTED, 20)
        assert work.sent() == Counter(numbers(20))
    assert work.gate.in_flight == 0


async def test_jobs_without_a_message_end(stage: Scene) -> None:
    await stage.fed(count=3)
    await stage.redis.zadd("volley:queue:athens:bulk", {"nowhere/0.1": 1, "spring/7.1": 1})
    async with line(stage) as work:
        await all_are(stage, State.SUBMITTED, 3)
        await wait_until(lambda: _is_empty(stage), description="the queue is empty")
    assert work.gate.in_flight == 0


async def _is_empty(stage: Scene) -> bool:
    return await stage.queued() == set()


async def test_one_message_can_be_sent_by_itself(stage: Scene) -> None:
    """What the arq function does for a job that a stock producer enqueued."""
    [message] = await stage.fed(count=1)
    async with line(stage) as work:
        await work.sender.send_now(message, Taken(message=message, lane="bulk"))
        await work.sender.send_now(message, Taken(message=message, lane="bulk"))
        await all_are(stage, State.SUBMITTED, 1)
        assert work.sent() == Counter(numbers(1))
    assert work.gate.in_flight == 0


async def test_a_pause_stops_what_is_not_claimed_and_resume_goes_on_without_repeating(stage: Scene) -> None:
    await stage.fed(count=100)
    wire = asyncio.Event()
    async with line(stage, slots=2, wire=wire) as work:
        await wait_until(lambda: len(work.exchange.asked) == 2, description="two requests on the wire")
        await stage.producer.pause("spring")
        wire.set()
        await wait_until(lambda: _is_empty(stage), description="no job is left")
        sent = sum(work.sent().values())
        assert sent <= 6
        await stage.producer.resume("spring")
        await stage.feeder.step()
        await all_are(stage, State.SUBMITTED, 100)
        assert work.sent() == Counter(numbers(100))
    assert await stage.mistakes("spring") == []


async def test_a_claim_that_grew_old_before_the_wire_is_given_up(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was suspended between claim and wire sent what another had taken over meanwhile."""
    given_up = []
    async with line(stage) as work:
        submit = work.sender._submitter.submit

        async def counted(prepared: Prepared, claimed: Sequence[Claimed], may_leave: MayLeave) -> list[Write]:
            writes = await submit(prepared, claimed, may_leave)
            given_up.extend(write for write in writes if write.event is Event.RELEASE)
            return writes

        monkeypatch.setattr(work.sender._submitter, "submit", counted)
        work.sender._fresh_for = -1.0
        await stage.fed(count=5)
        await wait_until(lambda: len(given_up) >= 5, description="five claims are given up")
        assert work.exchange.asked == []
        work.sender._fresh_for = 15.0
        await all_are(stage, State.SUBMITTED, 5)
        assert work.sent() == Counter(numbers(5))
    assert await stage.mistakes("spring") == []


class Forgetful:
    """A ledger whose first claim is done, and its answer lost."""

    def __init__(self, stage: Scene) -> None:
        self._stage = stage
        self.lost = 0

    async def claim(self, requests: Sequence[object]) -> object:
        answers = await self._stage.ledger.claim(requests)
        if not self.lost:
            self.lost = len(requests)
            raise RedisConnectionError("the answer was lost")
        return answers


async def test_a_claim_whose_answer_was_lost_is_claimed_again_and_sent_once(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stayed in flight with nobody sending it, and was uncertain when its lease ended."""
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed(count=20)
    forgetful = Forgetful(stage)
    async with line(stage, ledger=forgetful) as work:
        await all_are(stage, State.SUBMITTED, 20)
        assert work.sent() == Counter(numbers(20))
    assert forgetful.lost > 0
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def test_a_claim_whose_answer_was_lost_goes_back_when_nothing_may_be_sent(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed(count=20)
    await stage.redis.hset("volley:account:athens", mapping={"state": "open"})
    forgetful = Forgetful(stage)
    async with line(stage, ledger=forgetful) as work:
        claim = forgetful.claim

        async def blocking(requests: Sequence[object]) -> object:
            await stage.redis.hset("volley:account:athens", mapping={"state": "paused"})
            return await claim(requests)

        monkeypatch.setattr(forgetful, "claim", blocking)

        async def is_back() -> bool:
            return forgetful.lost > 0 and await stage.counts("spring") == {"queued": 20}

        await wait_until(is_back, description="everything is queued again")
        assert work.exchange.asked == []
    assert await stage.mistakes("spring") == []
