"""What is handed over reaches one taker each, in order, a few at a turn; cancelled takers take nothing with them."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from worker.handing import _AT_A_TURN, Handover


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def _put(handover: Handover[int], items: Iterable[int]) -> None:
    for item in items:
        handover.put(item)


async def test_what_is_there_is_taken_in_order_and_at_once() -> None:
    handover = Handover[int]()
    _put(handover, range(3))
    assert [await handover.take() for _ in range(3)] == [0, 1, 2]
    assert len(handover) == 0


async def test_waiting_takers_are_woken_a_few_at_a_turn() -> None:
    handover = Handover[int]()
    takers = [asyncio.create_task(handover.take()) for _ in range(3 * _AT_A_TURN)]
    await _turns(1)
    _put(handover, range(3 * _AT_A_TURN))
    taken = []
    while len(handover):
        before = len(handover)
        await _turns(1)
        taken.append(before - len(handover))
    assert max(taken) == _AT_A_TURN
    assert [await taker for taker in takers] == list(range(3 * _AT_A_TURN))


async def test_what_no_taker_took_is_left() -> None:
    handover = Handover[int]()
    taker = asyncio.create_task(handover.take())
    await _turns(1)
    _put(handover, range(3))
    assert await taker == 0
    assert handover.take_all() == [1, 2]
    assert len(handover) == 0


async def test_a_taker_that_is_cancelled_before_it_is_woken_takes_nothing() -> None:
    handover = Handover[int]()
    cancelled, other = (asyncio.create_task(handover.take()) for _ in range(2))
    await _turns(1)
    cancelled.cancel()
    handover.put(1)
    assert await other == 1
    assert cancelled.cancelled()


async def test_a_taker_that_is_cancelled_when_it_is_woken_leaves_it_to_another() -> None:
    handover = Handover[int]()
    cancelled, other = (asyncio.create_task(handover.take()) for _ in range(2))
    await _turns(1)
    handover.put(1)
    await _turns(1)  # the first one is woken, and has not run
    cancelled.cancel()
    assert await other == 1
    assert cancelled.cancelled()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["put", "take", "cancel", "turn"]), max_size=80), st.randoms(use_true_random=False))
def test_nothing_is_lost_and_nothing_is_taken_twice(steps: list[str], chance: Random) -> None:
    async def run() -> None:
        handover, takers, puts = Handover[int](), list[asyncio.Task[int]](), 0
        for step in steps:
            if step == "put":
                handover.put(puts)
                puts += 1
            elif step == "take":
                takers.append(asyncio.create_task(handover.take()))
            elif step == "cancel" and takers:
                chance.choice(takers).cancel()
            else:
                await _turns(1)
        await _turns(2 * len(steps) + 2)
        waits = [taker for taker in takers if not taker.done()]
        assert not (waits and len(handover)), "somebody waits beside what is there"
        taken = [taker.result() for taker in takers if taker.done() and not taker.cancelled()]
        assert sorted([*taken, *handover.take_all()]) == list(range(puts))
        for taker in waits:
            taker.cancel()
            with suppress(asyncio.CancelledError):
                await taker

    asyncio.run(run())
