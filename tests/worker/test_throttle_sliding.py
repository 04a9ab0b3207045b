"""What leaves one process in any window: exact, also after it stood still; nothing of it costs speed in step."""

import asyncio
import time
from bisect import bisect_left

import pytest

from tests.support import wait_until
from tests.worker.gates import gate
from tests.worker.scene import Scene
from worker.throttle import Waiting
from worker.throttle.sliding import SlidingWindow


def most_in_a_second(times: list[float]) -> int:
    """The most departures that any second holds."""
    return max(place + 1 - bisect_left(times, at - 1.0) for place, at in enumerate(times))


async def left(window: SlidingWindow, times: list[float]) -> None:
    await window.room()
    times.append(time.monotonic())  # before it counts: a process that stands still in between shows no fuller second
    window.count()


async def test_no_second_holds_more_than_the_rate_however_many_wait_at_once() -> None:
    window, times = SlidingWindow(5.0), list[float]()
    await asyncio.gather(*(left(window, times) for _ in range(12)))
    assert len(times) == 12
    assert most_in_a_second(times) == 5
    assert times[4] - times[0] < 1.0, "nobody waits while there is room"


async def test_a_rate_below_one_is_one_in_its_time() -> None:
    window, times = SlidingWindow(0.8), list[float]()
    await asyncio.gather(left(window, times), left(window, times))
    assert 1.25 <= times[1] - times[0] < 60


@pytest.mark.parametrize(("before", "after"), [(50.0, 3.0), (3.0, 50.0)])
async def test_what_has_left_counts_under_a_new_rate(before: float, after: float) -> None:
    window, times = SlidingWindow(before), list[float]()
    await asyncio.gather(*(left(window, times) for _ in range(3)))
    window.change(after)
    await left(window, times)
    assert (times[-1] - times[0] >= 1.0) is (after == 3.0)


async def test_a_process_that_stood_still_makes_up_for_nothing(stage: Scene) -> None:
    """What it was leased before leaves behind what left before: no second at the door holds more than the rate."""
    door = gate(stage, rate=20.0, slots=8)
    times: list[float] = []

    async def sends() -> None:
        while len(times) < 50:
            admission = await door.admit(1)
            if isinstance(admission, Waiting):
                await asyncio.sleep(admission.seconds)
                continue
            await asyncio.sleep(admission.opens_in)
            assert await door.pace(60)
            times.append(time.monotonic())
            door.left()

    async def stands_still() -> None:
        for count in (10, 25):
            await wait_until(lambda count=count: len(times) >= count, description="it is under way")
            time.sleep(0.2)  # noqa: ASYNC251 - the standstill itself

    await asyncio.gather(*(sends() for _ in range(8)), stands_still())
    assert most_in_a_second(times) <= 20
