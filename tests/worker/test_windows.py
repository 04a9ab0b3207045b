"""Per-call windows: so many requests in so many seconds, over all processes, all windows or none."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.worker.gates import gate
from tests.worker.plain import FakeExchange, Reply
from tests.worker.scene import Scene
from worker.asking import Asker
from worker.providers.interface import Window
from worker.providers.requests import Answer, HttpRequest
from worker.throttle import TooSoonError, Windows
from worker.throttle.windows import Place


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
    door = windows(stage, stat=(Window(count=2, seconds=60),))
    await entered(door, ask("stat"), 2)
    wait = await wait_of(door)
    assert 0 < wait <= 60.001
    await age(stage, wait / 2)
    assert await wait_of(door) > 0, "not before the moment that it named"
    await age(stage, wait / 2 + 0.002)
    await door.enter(ask("stat"))


async def test_the_fullest_window_decides_how_long_to_wait(stage: Scene) -> None:
    door = windows(stage, messages=(Window(count=1, seconds=10), Window(count=1, seconds=100)))
    await door.enter(ask("messages"))
    with pytest.raises(TooSoonError) as refused:
        await door.enter(ask("messages"))
    assert 70 < refused.value.retry_in <= 100.01


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


# --- what leaves later than its place was taken ------------------------------------------------------------

HOUR = (Window(count=1, seconds=60), Window(count=2, seconds=3600))


async def age(stage: Scene, seconds: float) -> None:
    """As if all places had been taken so much earlier."""
    async for name in stage.redis.scan_iter("volley:throttle:*"):
        if await stage.redis.type(name) == b"zset":
            for member in await stage.redis.zrange(name, 0, -1):
                await stage.redis.zincrby(name, -seconds * 1000, member)


async def wait_of(door: Windows) -> float:
    with pytest.raises(TooSoonError) as refused:
        await door.enter(ask("stat"))
    return refused.value.retry_in


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every request had waited since its place was counted."""
    monkeypatch.setattr("worker.throttle.windows._LATE", -1.0)


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("does", [Place.leave, Place.over])
async def test_a_request_that_is_late_counts_from_then_on(
    stage: Scene, does: Callable[[Place], Awaitable[None]]
) -> None:
    """In the kill storm one left a second after its place was taken, and the next one within its minute."""
    door = windows(stage, stat=HOUR)
    place = await door.enter(ask("stat"))
    await age(stage, 30)
    assert await wait_of(door) <= 30.1
    await does(place)
    assert await wait_of(door) > 45


async def test_a_request_that_leaves_at_once_costs_redis_nothing_more(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.throttle.windows._LATE", 60.0)  # at once is sooner than that, on any machine
    door = windows(stage, stat=HOUR)
    place = await door.enter(ask("stat"))
    await age(stage, 0.1)
    before = await wait_of(door)
    await place.leave()
    await place.over()
    assert await wait_of(door) <= before


@pytest.mark.usefixtures("late")
async def test_a_place_that_ran_out_is_taken_anew(stage: Scene) -> None:
    door = windows(stage, stat=HOUR)
    place = await door.enter(ask("stat"))
    await age(stage, 100)
    await place.leave()
    assert await wait_of(door) > 45
    await age(stage, 61)
    await door.enter(ask("stat"))
    await age(stage, 61)
    assert await wait_of(door) > 3400, "two of the hour, and not three"


@pytest.mark.usefixtures("late")
async def test_who_waited_until_another_had_its_place_does_not_leave(stage: Scene) -> None:
    door = windows(stage, stat=HOUR)
    place = await door.enter(ask("stat"))
    await age(stage, 100)
    other = await door.enter(ask("stat"))
    with pytest.raises(TooSoonError):
        await place.leave()
    await age(stage, 61)
    await other.over()
    await door.enter(ask("stat"))  # what did not leave does not count in the hour, either


@pytest.mark.usefixtures("late")
async def test_a_call_without_windows_has_nothing_to_keep(stage: Scene) -> None:
    place = await windows(stage).enter(ask("send"))
    await place.leave()
    await place.over()
    assert [key async for key in stage.redis.scan_iter("volley:throttle:*")] == []


@pytest.mark.usefixtures("late")
async def test_an_answer_that_takes_long_moves_the_place_behind_it(stage: Scene) -> None:
    """The provider counts from when the request comes, which is some time before its answer."""
    door = windows(stage, stat=HOUR)

    class Slow(FakeExchange):
        async def ask(self, request: HttpRequest) -> Reply:
            await age(stage, 20)
            return await super().ask(request)

    exchange = Slow(lambda _: Answer(status=200, body=b"{}"))
    asker = Asker(stage.account, exchange, gate(stage), door, stage.book)
    assert isinstance(await asker.attempt(ask("stat")), Answer)
    with pytest.raises(TooSoonError) as refused:
        await asker.attempt(ask("stat"))
    assert refused.value.retry_in > 45
    assert len(exchange.asked) == 1


@pytest.mark.usefixtures("late")
async def test_a_request_that_waited_at_the_gate_until_another_had_its_place_is_not_sent(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, exchange, held = (
        windows(stage, stat=HOUR),
        FakeExchange(lambda _: Answer(status=200, body=b"{}")),
        gate(stage),
    )
    pace = held.pace

    async def standing_still(*args: object, **more: object) -> object:
        await age(stage, 100)
        await door.enter(ask("stat"))
        return await pace(*args, **more)

    monkeypatch.setattr(held, "pace", standing_still)
    asker = Asker(stage.account, exchange, held, door, stage.book)
    with pytest.raises(TooSoonError):
        await asker.attempt(ask("stat"))
    assert exchange.asked == []
    assert held.in_flight == 0, "its slot is given back"
