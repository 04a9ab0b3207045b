"""The sender as a whole, against an exchange that plays the provider: nobody lost, nobody twice, slots given back."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import orjson
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError

from producer.contract.messages import MessageId
from producer.contract.states import Event, State
from tests.support import wait_until
from tests.worker.scene import FakeExchange, Reply, Scene, numbers, plain_account, plain_family
from worker import recording, sending
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


async def test_a_lost_claim_that_cannot_be_released_at_once_is_released_later(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken out to be released was let go when Redis failed again: it was uncertain when its lease ended."""
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed(count=20)
    asked = 0

    class Failing:
        async def claim(self, requests: Sequence[object]) -> object:
            nonlocal asked
            asked += 1
            await stage.redis.hset("volley:account:athens", mapping={"state": "paused"})
            answers = await stage.ledger.claim(requests)
            if asked <= 2:
                raise RedisConnectionError("the answer was lost")
            return answers

    async with line(stage, ledger=Failing()) as work:

        async def is_back() -> bool:
            return asked > 2 and await stage.counts("spring") == {"queued": 20}

        await wait_until(is_back, description="everything is queued again")
        assert work.exchange.asked == []
    assert await stage.mistakes("spring") == []


class Full:
    """A recorder's ledger that refuses to write for as long as `is_full`."""

    def __init__(self, stage: Scene) -> None:
        self._ledger = stage.ledger
        self.is_full = True
        self.refused = 0

    async def record(self, writes: Sequence[Write]) -> list[Recorded]:
        if self.is_full:
            self.refused += 1
            raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")
        return await self._ledger.record(writes)


async def test_a_stop_that_cannot_give_jobs_back_records_what_was_answered(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full Redis refused the jobs, and the stop did not wait for the answers to be recorded: they were lost."""
    monkeypatch.setattr(recording, "_PAUSE", 0.01)
    await stage.fed(count=50)
    wire, ledger, is_refused = asyncio.Event(), Full(stage), asyncio.Event()

    async def refuse(jobs: Sequence[Taken]) -> None:
        is_refused.set()
        raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")

    async def make_room() -> None:
        await is_refused.wait()
        ledger.is_full = False

    async with line(stage, slots=2, wire=wire) as work:
        monkeypatch.setattr(work.sender._recorder, "_ledger", ledger)
        monkeypatch.setattr(AccountQueues, "give_back", lambda _, jobs: refuse(jobs))
        await wait_until(lambda: len(work.exchange.asked) == 2, description="two requests on the wire")
        await wait_until(lambda: len(work.sender._prefetch) > 0, description="requests wait behind them")
        room = asyncio.create_task(make_room())
        wire.set()
        await wait_until(lambda: ledger.refused > 0, description="answers wait to be recorded")
        await work.sender.stop(1)
        await room
        assert (await stage.counts("spring")).get("submitted", 0) == sum(work.sent().values()) > 0


async def test_a_stop_ends_and_holds_no_slot_where_redis_takes_nothing(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no consumer had taken kept its permits, and the stop waited for room in the recorder without end."""
    monkeypatch.setattr(recording, "_PAUSE", 0.01)
    monkeypatch.setattr(recording, "_MOST_WAITING", 1)
    monkeypatch.setattr(sending, "_LEAST_END", 0.2)
    await stage.fed(count=50)
    ledger = Full(stage)
    async with line(stage, slots=2) as work:
        monkeypatch.setattr(work.sender._recorder, "_ledger", ledger)
        await wait_until(lambda: work.sender._claimed.qsize() > 0, description="claims that no consumer takes")
        async with asyncio.timeout(10):
            await work.sender.stop(0.2)
        assert work.gate.in_flight == 0
        assert not await stage.redis.exists("volley:throttle:login:slots")


async def test_a_campaign_whose_claims_cannot_be_made_holds_no_other_up(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claims were put back before all others and asked again, for ever."""
    monkeypatch.setattr(sending, "_AFTER_ERROR", 0.01)
    await stage.fed("broken", 5)
    await stage.fed("whole", 40)
    await stage.redis.delete("volley:campaign:broken:m:0")
    await stage.redis.set("volley:campaign:broken:m:0", "not a hash")
    async with line(stage) as work:

        async def is_sent() -> bool:
            return await stage.counts("whole") == {"submitted": 40}

        await wait_until(is_sent, description="the other campaign is sent")
        assert work.sent() == Counter(numbers(40))
    await stage.redis.delete("volley:campaign:broken:m:0")
