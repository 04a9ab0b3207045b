"""How a sender stops: requests end, slots and jobs are given back, and what is in doubt is said."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.exceptions import OutOfMemoryError

from tests.support import wait_until
from tests.worker.lines import Slow, line
from tests.worker.scene import Scene
from worker import recording, sending
from worker.engine import AccountQueues, Taken
from worker.ledger import Recorded, Write


async def test_a_stop_lets_requests_end_and_gives_the_rest_back(stage: Scene) -> None:
    await stage.fed(count=50)
    wire = asyncio.Event()
    async with line(stage, slots=3, wire=wire) as work:
        await wait_until(lambda: len(work.exchange.asked) == 3, description="three requests on the wire")
        stopping = asyncio.create_task(work.sender.stop(60))
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


async def test_a_stop_in_the_middle_of_a_claim_leaves_nothing_in_flight(stage: Scene) -> None:
    """The messages were claimed while the stop emptied the consumers' queue: they were put there afterwards.

    Nobody sent them and nobody gave them back: thirty seconds later they were uncertain, unsent.
    """
    await stage.fed(count=20)
    slow = Slow(stage)
    async with line(stage, ledger=slow) as work:
        await asyncio.wait_for(slow.claiming.wait(), 60)
        stopping = asyncio.create_task(work.sender.stop(60))
        await wait_until(work.sender._stopping.is_set, description="the stop is under way")
        slow.may_answer.set()
        await stopping
    counts = await stage.counts("spring")
    assert "in_flight" not in counts
    assert "uncertain" not in counts
    assert counts.get("submitted", 0) == len(work.exchange.asked)
    assert work.gate.in_flight == 0
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
        await work.sender.stop(60)
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
        await wait_until(lambda: len(work.sender._claimed) > 0, description="claims that no consumer takes")
        async with asyncio.timeout(60):
            await work.sender.stop(0.2)
        assert work.gate.in_flight == 0
        assert not await stage.redis.exists("volley:throttle:login:slots")
