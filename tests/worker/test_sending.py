"""The sender as a whole, against an exchange that plays the provider: nobody lost, nobody twice, slots kept."""

import asyncio
from collections import Counter

import pytest

from producer.contract.messages import MessageId
from producer.contract.states import State
from tests.support import wait_until
from tests.worker.lines import Line, Slow, all_are, is_empty, line
from tests.worker.scene import Scene, numbers
from worker import sending
from worker.engine import Taken
from worker.providers.exchange import NotSent


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
        await work.sender.stop(60)
    assert await stage.counts("spring") == {"queued": 5}
    assert {(await stage.record_of(m)).attempts for m in await _messages(stage, 5)} == {0}
    assert work.gate.in_flight == 0
    assert await stage.mistakes("spring") == []


async def _blocked(stage: Scene) -> bool:
    return await stage.book.state("athens") == "unreachable"


async def _messages(stage: Scene, count: int) -> list[MessageId]:
    return [MessageId(campaign="spring", chunk=0, place=place) for place in range(count)]


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
        await wait_until(lambda: is_empty(stage), description="the queue is empty")
    assert work.gate.in_flight == 0


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
        await wait_until(lambda: is_empty(stage), description="no job is left")
        sent = sum(work.sent().values())
        assert sent <= 6
        await stage.producer.resume("spring")
        await stage.feeder.step()
        await all_are(stage, State.SUBMITTED, 100)
        assert work.sent() == Counter(numbers(100))
    assert await stage.mistakes("spring") == []
