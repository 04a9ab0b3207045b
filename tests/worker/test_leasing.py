"""The reader's lease: short for who dies, long for who works, and never somebody else's."""

from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from tests.worker.scene import Scene
from worker.leasing import ReaderLease

ATHENS = AccountName("athens")


def lease(redis: Client, worker: str, pause: float = 60.0) -> ReaderLease:
    return ReaderLease(redis, ATHENS, worker, pause)


async def seconds_left(redis: Client) -> float:
    return await redis.pttl(keys.reader(ATHENS)) / 1000


async def test_a_reader_that_dies_is_followed_within_ten_seconds_however_long_the_pause_is(stage: Scene) -> None:
    """It was half a minute and the pause: with the usual minute between two turns, a minute and a half."""
    assert await lease(stage.redis, "w1", pause=3600).hold()
    assert 0 < await seconds_left(stage.redis) <= 10


async def test_a_heartbeat_keeps_the_lease_of_its_own_process_and_of_no_other(stage: Scene) -> None:
    reader, other = lease(stage.redis, "w1"), lease(stage.redis, "w2")
    assert [await reader.hold(), await other.hold()] == [True, False]
    await stage.redis.expire(keys.reader(ATHENS), 5)
    await other.renew()
    assert await seconds_left(stage.redis) <= 5
    await reader.renew()
    assert await seconds_left(stage.redis) > 5


async def test_a_reader_whose_turn_never_ends_loses_its_account(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its heartbeats go on, because only the turn hangs."""
    monkeypatch.setattr("worker.leasing._LONGEST_TURN", -1.0)
    reader = lease(stage.redis, "w1", pause=0.0)
    assert await reader.hold()
    await stage.redis.expire(keys.reader(ATHENS), 2)
    await reader.renew()
    assert await seconds_left(stage.redis) <= 2


async def test_what_was_given_back_is_not_renewed(stage: Scene) -> None:
    reader = lease(stage.redis, "w1")
    assert await reader.hold()
    await reader.release()
    await reader.renew()
    assert not await stage.redis.exists(keys.reader(ATHENS))
    assert await lease(stage.redis, "w2").hold()
    await reader.release()
    assert await stage.redis.get(keys.reader(ATHENS)) == b"w2"


@pytest.mark.parametrize("does", [ReaderLease.renew, ReaderLease.release])
async def test_a_holder_who_pauses_between_two_commands_never_touches_the_lease_of_who_stepped_in(
    stage: Scene, redis: Redis, monkeypatch: pytest.MonkeyPatch, does: Callable[[ReaderLease], Awaitable[None]]
) -> None:
    """The lease was read, and then extended or deleted: after a pause in between it was the newcomer's that was."""
    name, reader = keys.reader(ATHENS), lease(redis, "w1")
    assert await reader.hold()
    asked, whole = [], redis.execute_command

    async def then_another_steps_in(*command: object, **options: object) -> object:
        try:
            return await whole(*command, **options)
        finally:
            asked.append(command[0])
            if len(asked) == 1:  # its process stands still after its first command, longer than the lease lasts
                await stage.redis.set(name, "w2", ex=5)

    monkeypatch.setattr(redis, "execute_command", then_another_steps_in)
    await does(reader)
    assert asked
    assert await stage.redis.get(name) == b"w2"
    assert await seconds_left(stage.redis) <= 5
