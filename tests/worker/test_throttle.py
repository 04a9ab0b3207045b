"""The throttle's rate and slots: never over a login's, whoever asks, and always able to say why it waits."""

import asyncio
import time
from bisect import bisect_left

import pytest

from producer.contract import keys
from tests.support import wait_until
from tests.worker.gates import LOGIN, admitted, finish, gate, is_admitted, server_ms
from tests.worker.scene import Scene
from worker.providers.requests import Credentials
from worker.throttle import Admission, Gate, Waiting, login_key

_TURNS = 10
"""A machine that has much else to do may try so often to show the speed; no limit may be passed in any of them."""


def fullest(times: list[float], window: float) -> int:
    """How many of the times, in their order, the fullest such window holds."""
    return max(bisect_left(times, first + window) - place for place, first in enumerate(times))


@pytest.mark.parametrize(("rate", "gates"), [(200.0, 1), (400.0, 3), (2000.0, 3)])
async def test_permits_of_all_processes_together_never_exceed_the_rate(stage: Scene, rate: float, gates: int) -> None:
    """Every permit has a time on Redis' own clock before which it may not leave; no window holds too many."""
    doors = [gate(stage, f"w{i}", rate=rate, slots=10_000) for i in range(gates)]
    opens: list[float] = []
    slack = 0.0  # ms: the clock is read so much before a permit is given, which may seem to be early by as much

    async def ask(door: Gate, until: float) -> None:
        nonlocal slack
        while time.monotonic() < until:
            before = await server_ms(stage)
            answer = await door.admit(50)
            slack = max(slack, await server_ms(stage) - before)
            if isinstance(answer, Waiting):
                await asyncio.sleep(answer.seconds)
                continue
            opens.extend(before + answer.opens_in * 1000 + i * 1000 / rate for i in range(answer.permits))
            finish(door, answer.permits)

    for _ in range(_TURNS):
        until = time.monotonic() + 0.5
        await asyncio.gather(*(ask(door, until) for door in doors))
        opens.sort()
        for window in (100.0, 250.0):
            most = fullest(opens, window)
            assert most <= rate * (window + slack) / 1000 * 1.05 + 3, (window, most, slack)
        if most >= rate * 0.25 * 0.75:
            break
    assert most >= rate * 0.25 * 0.75, "and it is close to the rate in the best quarter of a second"


async def test_over_real_time_requests_leave_at_the_rate_and_evenly(stage: Scene) -> None:
    rate, leaving = 200.0, []
    started = time.monotonic()

    async def work(door: Gate, until: float) -> None:
        while time.monotonic() < until:
            answer = await door.admit(4)
            if isinstance(answer, Waiting):
                await asyncio.sleep(answer.seconds)
                continue
            await asyncio.sleep(answer.opens_in)
            for _ in range(answer.permits):
                assert await door.pace(60)
                leaving.append(time.monotonic() - started)
                door.left()

    doors = [gate(stage, f"w{i}", rate=rate) for i in range(3)]
    for _ in range(_TURNS):
        until = time.monotonic() + 1.0
        await asyncio.gather(*(work(door, until) for door in doors))
        leaving.sort()
        assert len(leaving) <= rate * (leaving[-1] + 0.1)
        most = fullest(leaving, 0.5)
        assert most <= rate * 0.5 * 1.15 + 3
        if most >= rate * 0.5 * 0.75:
            break
    assert most >= rate * 0.5 * 0.75


async def test_no_burst_is_saved_up_while_nobody_sends(stage: Scene) -> None:
    door = gate(stage, rate=10.0)
    await admitted(door, 1)
    silent_since = await server_ms(stage) - 60_000  # six hundred permits' worth of silence
    await stage.redis.hset(keys.throttle(LOGIN), "next", silent_since)
    total = 0
    while isinstance(answer := await door.admit(50), Admission):
        total += answer.permits
    assert answer.why == "rate"
    assert 1 <= total <= 11, "one, and another for each tenth of a second that the asking took"


async def test_a_rate_below_one_a_second_waits_between_permits(stage: Scene) -> None:
    door = gate(stage, rate=0.05)
    assert (await admitted(door, 5)).permits == 1
    answer = await door.admit(5)
    assert isinstance(answer, Waiting)
    assert answer.why == "rate"
    assert 15 <= answer.seconds <= 20


# --- slots ---------------------------------------------------------------------------------------------


async def test_no_more_requests_at_once_than_there_are_slots(stage: Scene) -> None:
    doors = [gate(stage, f"w{i}", rate=100_000.0, slots=5) for i in range(3)]
    for _ in range(4):
        for door in doors:
            await door.admit(5)
    assert sum(door.in_flight for door in doors) == 5
    answer = await doors[0].admit(1)
    assert isinstance(answer, Waiting)
    assert answer.why == "slots"


async def shares(doors: list[Gate], *, rounds: int = 60) -> list[int]:
    """Every gate always wants more and each request takes one round; how many each got."""
    got = [0] * len(doors)
    for _ in range(rounds):
        for place, door in enumerate(doors):
            finish(door, door.in_flight)
            answer = await door.admit(10)
            if isinstance(answer, Admission):
                got[place] += answer.permits
        assert sum(door.in_flight for door in doors) <= doors[0]._slots
    return got


async def test_a_process_that_uses_every_slot_knows_it_without_asking(stage: Scene) -> None:
    door = gate(stage, "w1", rate=100_000.0, slots=2)
    assert (await admitted(door, 2)).permits == 2
    before = (await stage.redis.info("stats"))["total_commands_processed"]
    answers = [await door.admit(1) for _ in range(50)]
    assert {answer.why for answer in answers if isinstance(answer, Waiting)} == {"slots"}
    assert (await stage.redis.info("stats"))["total_commands_processed"] - before < 10
    assert door.waiting == answers[-1]


async def test_whoever_waits_for_a_slot_is_told_when_one_is_free(stage: Scene) -> None:
    door = gate(stage, "w1", rate=100_000.0, slots=1)
    assert (await admitted(door, 1)).permits == 1
    waiting = asyncio.create_task(door.freed(60))
    await asyncio.sleep(0)
    assert not waiting.done()
    door.left()
    await asyncio.wait_for(waiting, 30)
    assert (await admitted(door, 1)).permits == 1
    await door.freed(0.001)  # nothing is freed: over all the same


@pytest.mark.parametrize("slots", [10, 4, 3])
async def test_slots_are_shared_fairly_between_those_who_want_them(stage: Scene, slots: int) -> None:
    doors = [gate(stage, f"w{i}", rate=100_000.0, slots=slots) for i in range(3)]
    got = await shares(doors)
    assert min(got) >= max(got) * 0.45, got


async def test_fewer_slots_than_workers_go_round(stage: Scene) -> None:
    """With one slot, the worker that held it took it again before anybody else could: the others starved.

    A sender and a poller are two such workers: in a long campaign no report was fetched any more.
    """
    doors = [gate(stage, f"w{i}", rate=100_000.0, slots=1) for i in range(3)]
    got = await shares(doors)
    assert min(got) >= max(got) * 0.45, got


async def test_a_waiting_worker_that_went_away_does_not_hold_up_the_others(stage: Scene) -> None:
    dead, alive = gate(stage, "dead", slots=1), gate(stage, "alive", slots=1)
    await admitted(alive, 1)
    assert isinstance(await dead.admit(1), Waiting)
    finish(alive, 1)
    await wait_until(lambda: is_admitted(alive), description="the slot goes on")


async def test_a_dead_workers_share_runs_out(stage: Scene) -> None:
    dead, alive = gate(stage, "dead", slots=4), gate(stage, "alive", slots=4)
    await admitted(dead, 4)
    assert isinstance(await alive.admit(1), Waiting)
    held, wanted, until, *granted = (await stage.redis.hget(keys.slots(LOGIN), "dead")).split()
    over = b"%d" % (int(until) - 30_000 - 1)  # its lease began this moment, and is 30 s
    await stage.redis.hset(keys.slots(LOGIN), "dead", b" ".join([held, wanted, over, *granted]))
    await wait_until(lambda: is_admitted(alive), description="the dead worker's slots are free")


async def test_idle_gives_unused_slots_back(stage: Scene) -> None:
    busy, other = gate(stage, "busy", slots=4), gate(stage, "other", slots=4)
    await admitted(busy, 4)
    finish(busy, 4)
    assert isinstance(await other.admit(1), Waiting)
    busy._touched_at = 0.0
    await busy.idle()
    assert await is_admitted(other)


async def test_a_closed_gate_leaves_its_slots_and_one_that_sends_keeps_them(stage: Scene) -> None:
    door = gate(stage, slots=4)
    await admitted(door, 2)
    await door.close()
    assert await stage.redis.hlen(keys.slots(LOGIN)) == 1
    finish(door, 2)
    await door.close()
    assert await stage.redis.hlen(keys.slots(LOGIN)) == 0


async def test_permits_that_come_to_nothing_free_their_slots(stage: Scene) -> None:
    door = gate(stage, slots=2)
    await admitted(door, 2)
    assert isinstance(await door.admit(1), Waiting)
    finish(door, 2)
    assert door.in_flight == 0
    assert await is_admitted(door)


# --- words ---------------------------------------------------------------------------------------------


async def test_a_gate_says_why_it_waits_until_it_does_not(stage: Scene) -> None:
    door = gate(stage, slots=1)
    await admitted(door, 1)
    await door.admit(1)
    assert door.waiting is not None
    assert door.waiting.why == "slots"
    finish(door, 1)
    await admitted(door, 1)
    assert door.waiting is None


def test_a_login_is_known_by_a_hash_that_tells_nothing() -> None:
    one = Credentials(base_url="https://a", login="alex", password="hunter2")
    other = Credentials(base_url="https://a", login="alex", password="changed")
    assert login_key("smsc", one) == login_key("smsc", other), "a new password is no new login"
    assert login_key("smsc", one) != login_key("restv2", one)
    assert "alex" not in login_key("smsc", one)
