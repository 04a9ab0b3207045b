"""Requests at once of some calls: never more than documented, over all processes, and given back in every case."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from producer.contract import keys
from tests.worker.scene import Scene
from worker.providers.interface import AtOnce
from worker.providers.registry import family
from worker.providers.requests import HttpRequest
from worker.throttle import Crowd, TooSoonError

FOUR = AtOnce(name="status", most=4)
TABLE = {"status": FOUR, "status_bulk": FOUR}


def ask(call: str = "status") -> HttpRequest:
    return HttpRequest(call=call, path="/x", form=())


def crowd(stage: Scene, *, life: float = 30.0, patience: float = 0.0) -> Crowd:
    return Crowd(stage.redis, "login", TABLE, life=life, patience=patience)


async def test_all_processes_and_calls_of_a_kind_share_the_places(stage: Scene) -> None:
    doors = [crowd(stage) for _ in range(2)]
    async with AsyncExitStack() as held:
        for place in range(4):
            await held.enter_async_context(doors[place % 2].place(ask("status_bulk" if place else "status")))
        with pytest.raises(TooSoonError, match="the next request in 1 s"):
            await held.enter_async_context(doors[1].place(ask()))
    async with doors[1].place(ask()):
        assert await stage.redis.zcard(keys.window("login", "status.at_once")) == 1


async def test_other_calls_need_no_place(stage: Scene) -> None:
    async with AsyncExitStack() as held:
        for _ in range(10):
            await held.enter_async_context(crowd(stage).place(ask("balance")))
        assert not await stage.redis.exists(keys.window("login", "status.at_once"))


async def test_a_place_comes_back_whatever_happens_to_its_request(stage: Scene) -> None:
    door = crowd(stage)
    with pytest.raises(ValueError, match="no answer"):
        async with door.place(ask()):
            raise ValueError("no answer")
    waiting = asyncio.Event()

    async def hang() -> None:
        async with door.place(ask()):
            waiting.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await waiting.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await stage.redis.zcard(keys.window("login", "status.at_once")) == 0


async def test_a_request_waits_a_while_for_a_place(stage: Scene) -> None:
    async with AsyncExitStack() as held:
        for _ in range(4):
            await held.enter_async_context(crowd(stage).place(ask()))

        async def late() -> bool:
            async with crowd(stage, patience=10.0).place(ask()):
                return True

        task = asyncio.create_task(late())
        await held.aclose()
        assert await asyncio.wait_for(task, 60)


async def test_the_places_of_a_worker_that_died_are_free_when_their_life_is_over(stage: Scene) -> None:
    stack = AsyncExitStack()
    for _ in range(4):
        await stack.enter_async_context(crowd(stage, life=0.05).place(ask()))
    async with crowd(stage, life=0.05, patience=5.0).place(ask()):
        assert await stage.redis.zcard(keys.window("login", "status.at_once")) == 1
    await stack.aclose()


def test_smsc_allows_four_status_requests_at_once() -> None:
    assert {call: limit.most for call, limit in family("smsc").rules.at_once.items()} == {
        "status": 4,
        "status_bulk": 4,
    }
