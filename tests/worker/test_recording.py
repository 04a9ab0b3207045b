"""Group commit: nothing handed over is lost, whatever Redis does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract import keys
from producer.contract.states import Event, State
from tests.support import wait_until
from tests.worker.scene import Scene
from worker import recording
from worker.ledger import Recorded, Write
from worker.recording import Recorder
from worker.stopping import end


class Away:
    """A ledger whose Redis can be away: `is_away` makes every write fail."""

    def __init__(self, stage: Scene) -> None:
        self._ledger = stage.ledger
        self.is_away = False
        self.failed = 0
        self.groups: list[int] = []

    async def record(self, writes: Sequence[Write]) -> list[Recorded]:
        if self.is_away:
            self.failed += 1
            raise RedisConnectionError("away")
        self.groups.append(len(writes))
        return await self._ledger.record(writes)


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PAUSE", 0.01)


async def nothing_unusual(answers: Sequence[Recorded]) -> None:
    raise AssertionError(answers)


@asynccontextmanager
async def recorder(ledger: Away, on_recorded: object = nothing_unusual) -> AsyncIterator[Recorder]:
    made = Recorder(ledger, on_recorded)
    task = asyncio.create_task(made.run())
    try:
        async with asyncio.timeout(60):  # a recorder that ended would never drain
            yield made
        assert not task.done(), task
    finally:
        await end([task])


async def claimed_writes(stage: Scene, count: int) -> list[Write]:
    messages = await stage.fed(count=count)
    await stage.ledger.claim([stage.request([message]) for message in messages])
    return [stage.write(message, Event.SUBMIT, reference=f"r{message.place}") for message in messages]


async def test_what_was_handed_over_is_in_redis_after_drain(stage: Scene) -> None:
    writes = await claimed_writes(stage, 100)
    async with recorder(Away(stage)) as work:
        await asyncio.gather(*(work.put([write]) for write in writes))
        await work.drain()
        assert await stage.counts("spring") == {"submitted": 100}


async def test_writes_gather_while_the_last_round_trip_runs(stage: Scene) -> None:
    writes = await claimed_writes(stage, 100)
    ledger = Away(stage)
    async with recorder(ledger) as work:
        await work.put(writes)
        await work.drain()
    assert len(ledger.groups) <= 2


async def test_writes_wait_while_redis_is_away_and_none_is_lost(stage: Scene) -> None:
    writes = await claimed_writes(stage, 50)
    ledger = Away(stage)
    ledger.is_away = True
    async with recorder(ledger) as work:
        await work.put(writes)
        await wait_until(lambda: ledger.failed >= 3, description="several failed attempts")
        assert await stage.counts("spring") == {"in_flight": 50}
        ledger.is_away = False
        await work.drain()
        assert await stage.counts("spring") == {"submitted": 50}
        assert await stage.mistakes("spring") == []


async def test_a_long_outage_stops_those_who_hand_over(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_MOST_WAITING", 10)
    monkeypatch.setattr(recording, "_MOST_AT_ONCE", 5)
    writes = await claimed_writes(stage, 40)
    ledger = Away(stage)
    ledger.is_away = True
    async with recorder(ledger) as work:
        putting = asyncio.create_task(work.put(writes))
        await wait_until(lambda: ledger.failed >= 3, description="several failed attempts")
        assert not putting.done()
        ledger.is_away = False
        await putting
        await work.drain()
        assert await stage.counts("spring") == {"submitted": 40}


async def test_only_what_is_unusual_is_told(stage: Scene) -> None:
    [write, stale, *_] = await claimed_writes(stage, 3)
    seen: list[Recorded] = []

    async def keep(answers: Sequence[Recorded]) -> None:
        seen.extend(answers)

    async with recorder(Away(stage), keep) as work:
        wrong = stage.write(stale.message, Event.SUBMIT, attempt=7)
        await work.put([write, wrong])
        await work.drain()
    assert [answer.write for answer in seen] == [wrong]
    assert seen[0].stale


async def test_redis_going_away_while_an_orphan_is_told_does_not_end_the_recorder(stage: Scene) -> None:
    """The outcome was written, and telling of the report that had come before it met a lost connection.

    The error ended the recorder, and with it the whole process.
    """
    writes = await claimed_writes(stage, 2)

    async def lost(answers: Sequence[Recorded]) -> None:
        raise RedisConnectionError("away")

    async with recorder(Away(stage), lost) as work:
        await work.put([stage.write(writes[0].message, Event.SUBMIT, attempt=7)])
        await work.drain()
        await work.put(writes)
        await work.drain()
        assert await stage.counts("spring") == {"submitted": 2}


async def test_an_outcome_that_can_never_be_recorded_holds_nobody_up(stage: Scene) -> None:
    """It was tried again for ever, and everything of every account behind it with it."""
    [broken] = await stage.fed("broken", 1)
    whole = await stage.fed("whole", 2)
    for message in (broken, *whole):
        await stage.claim(message, reference=f"v{message.campaign}{message.place}")
    await stage.redis.delete(keys.records("broken", 0))
    await stage.redis.set(keys.records("broken", 0), "not a hash")
    recorder = Recorder(stage.ledger, told)
    running = asyncio.create_task(recorder.run())
    try:
        await recorder.put([stage.write(each, Event.SUBMIT, reference="r1") for each in (whole[0], broken, whole[1])])
        await asyncio.wait_for(recorder.drain(), 60)
    finally:
        await end([running])
    assert [await stage.state_of(message) for message in whole] == [State.SUBMITTED] * 2
    await stage.redis.delete(keys.records("broken", 0))


async def told(answers: Sequence[Recorded]) -> None:
    raise AssertionError(answers)


async def test_what_is_handed_over_while_redis_is_away_counts_though_policy_wants_to_send_it_again(
    stage: Scene,
) -> None:
    """This host was cut off for longer than lease and grace; the others went on, and policy queued what was here.

    Some have been claimed again by then: those are sent a second time, which nothing can know. The others are not.
    """
    writes = await claimed_writes(stage, 6)
    ledger = Away(stage)
    ledger.is_away = True
    stale: list[Recorded] = []

    async def told(answers: Sequence[Recorded]) -> None:
        stale.extend(answers)

    async with recorder(ledger, told) as work:
        await work.put(writes)
        await wait_until(lambda: ledger.failed > 0, description="the recorder has tried")
        for write in writes:
            await stage.make_due(write.message)
        await stage.claim(*(write.message for write in writes))  # the lease is over: doubt
        for write in writes:
            assert await stage.apply(write.message, Event.DISPROVE) == (State.QUEUED, True)
        await stage.claim(writes[0].message)
        ledger.is_away = False
        await work.drain()
    assert [answer.write for answer in stale] == writes[:1]
    assert await stage.counts("spring") == {"in_flight": 1, "submitted": 5}
    assert await stage.queued() == {str(writes[0].message)}
    assert await stage.mistakes("spring") == []
