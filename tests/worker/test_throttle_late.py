"""Permits that come too late for their turn: leased anew, within rate and slots, or gone back for."""

import asyncio
import time

import pytest

from producer.contract import keys
from tests.worker.gates import LOGIN, admitted, finish, gate, is_admitted
from tests.worker.scene import Scene
from worker.throttle import Gate


def stand_still(seconds: float) -> None:
    """What a machine without time for this process does to it."""
    time.sleep(seconds)


async def gap(door: Gate) -> float:
    """Milliseconds between the permits that are given now."""
    permits = await admitted(door, 2)
    opens = [door._turns._turns.popleft().due for _ in range(permits.permits)]
    finish(door, permits.permits)
    return (opens[-1] - opens[0]) * 1000


async def test_what_stood_still_gets_a_new_turn_behind_what_others_were_given(stage: Scene) -> None:
    late, other = gate(stage, "w1", rate=20.0), gate(stage, "w2", rate=20.0)
    await admitted(late, 1)
    stand_still(0.2)
    before = time.monotonic()
    await admitted(other, 1)
    assert await late.pace(60)
    assert time.monotonic() - before >= 0.049, "its turn comes a twentieth of a second after the other's"
    assert late.take_lost() >= 1
    assert late.in_flight == 1, "it kept its slot"


async def test_all_that_are_late_ask_together(stage: Scene) -> None:
    door = gate(stage, rate=4000.0, slots=50)
    while door.in_flight < 50:
        await admitted(door, 50 - door.in_flight)
    stand_still(0.1)
    before = (await stage.redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    assert all(await asyncio.gather(*(door.pace(60) for _ in range(50))))
    assert (await stage.redis.info("commandstats"))["cmdstat_evalsha"]["calls"] - before < 25
    assert door.in_flight == 50


async def test_a_slot_that_was_taken_away_meanwhile_is_waited_for(stage: Scene) -> None:
    """An operator set fewer slots while permits were late: what is not on the wire does not go beyond them."""
    door = gate(stage, rate=1000.0, slots=3)
    while door.in_flight < 3:
        await admitted(door, 3 - door.in_flight)
    assert await door.pace(60)
    stand_still(0.1)
    await stage.redis.hset(keys.limits(LOGIN), mapping={"slots": "1"})
    waiting = asyncio.create_task(door.pace(60))
    assert not await door.pace(0.05), "one is on the wire, and no more may be"
    assert not waiting.done()
    finish(door, 2)
    assert await waiting


async def test_a_permit_is_not_leased_anew_for_an_account_that_was_paused(stage: Scene) -> None:
    door = gate(stage)
    await admitted(door, 2)
    stand_still(0.1)
    await stage.redis.hset(keys.account("athens"), "state", "paused")
    assert not await door.pace(60)
    assert await door.pace(60, probe=True), "what finds out whether it is open may pass"


async def test_a_permit_that_cannot_be_leased_anew_sends_nothing(stage: Scene) -> None:
    door = gate(stage)
    await admitted(door, 1)
    stand_still(0.1)
    await stage.redis.set(keys.throttle(LOGIN), "in the way")
    assert not await door.pace(60)
    await stage.redis.delete(keys.throttle(LOGIN))


async def test_patience_has_an_end(stage: Scene) -> None:
    door = gate(stage, rate=0.5)
    await admitted(door, 1)
    stand_still(0.1)
    assert not await door.pace(0.01)


async def test_one_worker_on_a_busy_machine_slows_all_down_by_what_it_is_late(stage: Scene) -> None:
    """The rate of a login is for all: what one of them may send late, the others leave room for."""
    busy, idle = gate(stage, "w1", rate=100.0), gate(stage, "w2", rate=100.0)
    for _ in range(100):
        busy._turns._jitter.note(0.035, time.monotonic())
    assert await gap(idle) == pytest.approx(10.0, abs=0.002)
    assert await is_admitted(busy)
    await stage.redis.hset(keys.throttle(LOGIN), "next", 0)
    assert await gap(idle) == pytest.approx(10.0 * 1.06 / 1.015, abs=0.002)
