"""Per-call windows: so many requests in so many seconds, over all processes, all windows or none."""

import asyncio

import pytest

from tests.worker.scene import Scene
from worker.providers.interface import Window
from worker.providers.requests import HttpRequest
from worker.throttle import TooSoonError, Windows


def ask(call: str, fingerprint: str = "") -> HttpRequest:
    return HttpRequest(call=call, path="/x", form=(), fingerprint=fingerprint)


def windows(stage: Scene, **table: tuple[Window, ...]) -> Windows:
    return Windows(stage.redis, "login", table)


async def entered(door: Windows, request: HttpRequest, times: int) -> int:
    """How many of so many requests got in."""
    count = 0
    for _ in range(times):
        try:
            await door.enter(request)
            count += 1
        except TooSoonError:
            pass
    return count


async def test_a_call_without_windows_is_always_let_in(stage: Scene) -> None:
    assert await entered(windows(stage), ask("send"), 20) == 20
    assert [key async for key in stage.redis.scan_iter("volley:throttle:*")] == []


async def test_a_window_lets_its_count_in_and_no_more(stage: Scene) -> None:
    assert await entered(windows(stage, balance=(Window(count=3, seconds=60),)), ask("balance"), 10) == 3


async def test_all_processes_share_a_window(stage: Scene) -> None:
    table = {"balance": (Window(count=5, seconds=60),)}
    doors = [windows(stage, **table) for _ in range(4)]
    got = await asyncio.gather(*(entered(door, ask("balance"), 4) for door in doors))
    assert sum(got) == 5


async def test_identical_requests_are_counted_apart_from_others(stage: Scene) -> None:
    door = windows(stage, status=(Window(count=2, seconds=60, identical=True),))
    assert await entered(door, ask("status", "a"), 5) == 2
    assert await entered(door, ask("status", "b"), 5) == 2


async def test_several_windows_are_entered_all_or_none(stage: Scene) -> None:
    """A request that one window refuses must not use up the places of the others."""
    door = windows(stage, messages=(Window(count=1, seconds=60, identical=True), Window(count=3, seconds=3600)))
    assert await entered(door, ask("messages", "a"), 10) == 1
    assert await entered(door, ask("messages", "b"), 10) == 1
    assert await entered(door, ask("messages", "c"), 10) == 1
    assert await entered(door, ask("messages", "d"), 10) == 0


async def test_retry_in_says_when_the_next_place_is_free_and_it_is(stage: Scene) -> None:
    door = windows(stage, stat=(Window(count=2, seconds=1),))
    await entered(door, ask("stat"), 2)
    with pytest.raises(TooSoonError) as refused:
        await door.enter(ask("stat"))
    assert 0 < refused.value.retry_in <= 1.001
    await asyncio.sleep(refused.value.retry_in + 0.002)  # the moment that it named
    await door.enter(ask("stat"))


async def test_the_fullest_window_decides_how_long_to_wait(stage: Scene) -> None:
    door = windows(stage, messages=(Window(count=1, seconds=10), Window(count=1, seconds=100)))
    await door.enter(ask("messages"))
    with pytest.raises(TooSoonError) as refused:
        await door.enter(ask("messages"))
    assert 99 < refused.value.retry_in <= 100.01


async def test_a_sliding_window_never_holds_more_than_its_count(stage: Scene) -> None:
    """An entry happens between two looks at our clock: a fourth cannot end within 0.1 s of the first's begin."""
    door, times = windows(stage, stat=(Window(count=3, seconds=0.1),)), []
    loop = asyncio.get_running_loop()
    while len(times) < 9:
        began = loop.time()
        try:
            await door.enter(ask("stat"))
            times.append((began, loop.time()))
        except TooSoonError as wait:
            await asyncio.sleep(wait.retry_in)
    for (began, _), (_, ended) in zip(times, times[3:], strict=False):
        assert ended - began >= 0.099
