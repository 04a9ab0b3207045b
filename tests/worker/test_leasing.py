"""The reader's lease: short for who dies, long for who works, and never somebody else's."""

import pytest

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
    await stage.redis.expire(keys.reader(ATHENS), 2)
    await other.renew()
    assert await seconds_left(stage.redis) <= 2
    await reader.renew()
    assert await seconds_left(stage.redis) > 2


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
