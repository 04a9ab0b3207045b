"""The kill storm's own parts: chance that can be repeated, and a Redis that loses what a machine would lose."""

import time
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from ops.redis_server import RedisServer
from producer.contract.states import State
from tests.reliability.storm_accounts import SHARES
from tests.reliability.storm_redis import StormyRedis
from tests.reliability.storm_watch import Watch
from tests.reliability.storm_weather import FAULTS, weather
from tests.support import wait_until
from tests.support_system import System, numbers

TOTALS = {"athens": 2000, "moscow": 1000}


def test_the_same_seed_is_the_same_storm_and_another_is_another() -> None:
    first, again, other = (weather(seed, TOTALS) for seed in (7, 7, 8))
    assert first.recipients == again.recipients != other.recipients
    assert first.redis_at == again.redis_at != other.redis_at
    assert [first.chance.randrange(5) for _ in range(50)] == [again.chance.randrange(5) for _ in range(50)]


def test_every_recipient_is_somebody_else_and_every_fault_is_met() -> None:
    found = weather(7, TOTALS)
    assert {name: len(set(people)) for name, people in found.recipients.items()} == TOTALS
    assert min(found.faults().values()) >= 1
    assert set(found.faults()) == set(FAULTS.values())
    assert 0.01 < sum(found.faults().values()) / 3000 < 0.06


async def test_a_killed_redis_process_loses_nothing_and_a_machine_without_power_its_unsynced_second(
    tmp_path: Path,
) -> None:
    """What `everysec` promises, and what it does not: the storm with --power-loss needs the difference to be real."""
    with RedisServer(tmp_path / "redis") as server:
        for loses_tail, left in ((False, 2), (True, 1)):
            stormy = StormyRedis(server, appendfsync="everysec", loses_tail=loses_tail)
            async with Redis.from_url(server.url) as client:
                await client.flushall()
                await client.set("synced", 1)
                await wait_until(lambda at=client: _is_written(at), description="the file has it")
                stormy.note()
                noted_at = time.monotonic()
                await wait_until(
                    lambda at=noted_at: time.monotonic() > at + 1.1, description="the file is a second older"
                )
                await client.set("unsynced", 1)
            assert bool(stormy.crash()) is loses_tail
            async with Redis.from_url(server.url) as client:
                assert await client.dbsize() == left


async def _is_written(client: Redis) -> bool:
    """Whether nothing waits for the append-only file: while one sync runs, Redis puts the next write off."""
    told = await client.info("persistence")
    return int(told["aof_buffer_length"]) == 0 and int(told["aof_pending_bio_fsync"]) == 0


async def test_with_always_even_a_machine_without_power_loses_nothing(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as server:
        stormy = StormyRedis(server, appendfsync="always", loses_tail=True)
        async with Redis.from_url(server.url) as client:
            await client.set("synced", 1)
        assert stormy.crash() == 0
        async with Redis.from_url(server.url) as client:
            assert await client.dbsize() == 1
            assert (await client.config_get("appendfsync"))["appendfsync"] == "always"


async def test_a_storm_is_over_when_all_have_an_end_or_nobody_is_left_to_be_asked(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that died with its tracker was waited for until the storm's patience was over."""
    system.accounts = dict.fromkeys(SHARES, system.accounts["athens"])
    await system.announced()
    for name in SHARES:
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"{name}: hello", recipients=numbers(2)
        )
    watch = Watch(system)
    await watch.look()
    assert watch.sums() == {State.QUEUED: 8}
    assert not watch.is_settled()
    ends = {"batches": State.DELIVERED, "singles": State.REJECTED, "athens": State.ENROUTE, "listed": State.UNCERTAIN}
    watch.states = {name: {state: 2} for name, state in ends.items()}
    assert not watch.is_settled(), "news may come"
    monkeypatch.setattr("tests.reliability.storm_watch._NEWS_WITHIN", -1.0)
    assert watch.is_settled()
    watch.states = {**watch.states, "batches": {State.UNCERTAIN: 1, State.DELIVERED: 1}}
    assert not watch.is_settled(), "status and history can be asked"
    assert "everybody has been sent" in watch.recovery()


async def test_requests_are_those_after_the_last_kill(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the recovery cost: a call that came in the storm only is not there."""
    counted = {name: {"send": 40, "status": 7} for name in SHARES}

    async def summary(_: Watch, name: str) -> dict[str, Any]:
        return {"requests": dict(counted[name])}

    monkeypatch.setattr(Watch, "summary", summary)
    watch = Watch(system)
    await watch.calm()
    assert await watch.requests() == {name: {} for name in SHARES}
    counted["singles"] = {"send": 40, "status": 9, "history": 1}
    assert await watch.requests() == {name: {} for name in SHARES} | {"singles": {"status": 2, "history": 1}}
