"""Backlogs and runways are what stands in Redis, and nothing where nothing stands."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from ops.readings import Backlog, read_backlogs, read_overview, read_runways
from ops.readings.runway import lasts
from producer.contract import keys
from producer.contract.exports import ExportRecord, ExportState
from producer.contract.messages import AccountName
from producer.contract.series import LIFE, RINGS, Sample, Span
from tests.worker.plain import NAME
from tests.worker.scene import Scene, scene


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url) as made:
        yield made


async def test_where_there_is_nothing_to_work_off_all_is_nought(stage: Scene) -> None:
    found = await read_backlogs(stage.redis, [NAME])
    assert found.of(NAME) == found.of(AccountName("nobody")) == Backlog()
    assert (found.intake, found.dead, found.suppressed, found.audited, found.audited_at) == (0, 0, 0, 0, None)


async def test_reports_callbacks_orphans_and_exports_are_counted(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    await stage.submitted(message)
    now, _ = await Redis.time(stage.redis)
    await stage.redis.zadd(keys.due(NAME), {"r1": now - 300, "r2": now + 300})
    await stage.redis.xadd(keys.pushed(NAME), {"body": b""}, id=f"{(now - 60) * 1000}-0")
    await stage.redis.xadd(keys.pushed(NAME), {"body": b""})
    await stage.redis.hset(keys.orphans(NAME), "r9", b"{}")
    for task, state in enumerate([ExportState.DONE, ExportState.DONE, ExportState.FAILED]):
        await stage.redis.hset(keys.exports(NAME), str(task), ExportRecord(task=task, state=state).pack())
    backlog = (await read_backlogs(stage.redis, [NAME])).of(NAME)
    assert (backlog.awaiting, backlog.pushes, backlog.orphans) == (2, 2, 1)
    assert 300 <= backlog.overdue < 330
    assert 60 <= backlog.pushes_age < 90
    assert backlog.exports == {ExportState.DONE: 2, ExportState.FAILED: 1}


async def test_exports_are_not_read_where_years_of_them_are_kept(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.readings.backlogs._MOST_EXPORTS", 2)
    for task in range(3):
        assert len((await read_backlogs(stage.redis, [NAME])).of(NAME).exports) == (1 if task else 0)
        await stage.redis.hset(keys.exports(NAME), str(task), ExportRecord(task=task).pack())
    assert (await read_backlogs(stage.redis, [NAME])).of(NAME).exports == {}


async def test_a_look_that_is_not_due_yet_is_not_overdue(stage: Scene) -> None:
    [message] = await stage.fed(count=1)
    await stage.submitted(message)
    now, _ = await Redis.time(stage.redis)
    await stage.redis.zadd(keys.due(NAME), {"r1": now + 300})
    assert (await read_backlogs(stage.redis, [NAME])).of(NAME).overdue == 0.0


async def test_intake_dead_letters_suppressed_numbers_and_the_audit_are_counted(stage: Scene) -> None:
    for name in (keys.INTAKE, keys.DEAD, keys.AUDIT):
        await stage.redis.xadd(name, {"a": b"b"})
    await stage.redis.hset(keys.SUPPRESSED, "306912345678", b"{}")
    found = await read_backlogs(stage.redis, [])
    assert (found.intake, found.dead, found.suppressed, found.audited) == (1, 1, 1, 1)
    assert found.audited_at is not None
    now, _ = await Redis.time(stage.redis)
    assert now - 30 < found.audited_at.timestamp() <= now + 1


# --- how long a balance lasts --------------------------------------------------------------------------


async def seen(stage: Scene, balances: dict[int, float]) -> None:
    """Samples in the day's ring, by seconds ago."""
    now, _ = await Redis.time(stage.redis)
    for ago, balance in balances.items():
        packed = Sample(at=now - ago, gauges={"balance": balance}).pack()
        await stage.redis.setrange(keys.series(NAME, Span.DAY), RINGS[Span.DAY].offset(now - ago), packed)
    await stage.redis.expire(keys.series(NAME, Span.DAY), LIFE)


async def test_a_balance_lasts_as_long_as_it_has_been_falling(stage: Scene) -> None:
    await seen(stage, {minutes * 60: 20.0 + minutes for minutes in range(25)})
    twenty_minutes = pytest.approx(1200.0, abs=120.0)
    assert await read_runways(stage.redis, [NAME]) == {NAME: twenty_minutes}
    assert (await read_overview(stage.redis)).runways == {NAME: twenty_minutes}


@pytest.mark.parametrize("balances", [{}, {60: 20.0}, {660: 20.0, 60: 20.0}, {86_400 + 660: 40.0, 60: 20.0}])
async def test_a_balance_that_is_unknown_or_stands_still_has_no_end(stage: Scene, balances: dict[int, float]) -> None:
    await seen(stage, balances)
    assert await read_runways(stage.redis, [NAME, AccountName("nobody")]) == {}


def test_a_top_up_is_no_income() -> None:
    assert lasts([(0, 100.0), (10, 80.0), (20, 180.0), (30, 170.0)]) == pytest.approx(170.0)
    assert lasts([(0, 5.0), (10, -5.0)]) == 0.0
