"""One row of the kill matrix: a process dies at a point, normal workers go on, and the books are compared."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from ops.redis_server import RedisServer
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.messages import AccountName
from producer.contract.states import State
from producer.errors import UnknownCampaignError
from tests.reliability.audit import Audit, audit
from tests.reliability.killing_points import Point, Story
from tests.reliability.killing_stage import ATHENS, MANY, MOSCOW, Stage, process, set_up, until_killed
from tests.reliability.redis_servers import free_port
from tests.support import key_leaks, wait_until
from tests.support_provider import Provider
from tests.support_system import System
from worker.exporting import ExportBook

_IDLE_MS: Final = 61_000


@dataclass(kw_only=True)
class Row:
    """What one row of the matrix gave; `seconds`: from the death until nothing was left to do."""

    point: Point
    company: bool
    audit: Audit
    seconds: float


async def play(point: Point, *, company: bool, provider: Provider, login: str, folder: Path) -> Row:
    """Kill at `point`, recover, compare. `login` is one that no other scene uses."""
    with RedisServer(folder / "redis") as server:
        async with AsyncExitStack() as stack:
            redis = await stack.enter_async_context(Redis.from_url(server.url))
            producer = await stack.enter_async_context(CampaignProducer.connected(server.url))
            system = System(
                redis=redis, redis_url=server.url, provider=provider, folder=folder, producer=producer, accounts={}
            )
            stage = Stage(system=system, point=point, login=login, campaigns={}, port=free_port())
            await set_up(stage)
            await until_killed(stage, company=company)
            died_at = time.monotonic()
            async with recovering(stage):
                await _settled(stage)
                seconds = time.monotonic() - died_at
            return Row(point=point, company=company, audit=await _audited(stage), seconds=seconds)


@asynccontextmanager
async def recovering(stage: Stage) -> AsyncIterator[None]:
    """Normal workers; what the dead one held until a lease ends is free, as when that time had passed."""
    for name in stage.system.accounts:
        await stage.system.redis.delete(keys.reader(AccountName(name)), keys.exporter(AccountName(name)))
    if stage.point.story is Story.INTAKE:
        await _age_entries(stage.system)
    async with AsyncExitStack() as stack:
        if stage.point.story is Story.PUSH:
            stack.enter_context(process(stage, "none", "web"))
        await stack.enter_async_context(stage.system.worker("all"))
        yield


async def _age_entries(system: System) -> None:
    """A minute for what the dead worker had read from the intake stream."""
    rows = await system.redis.xpending_range(keys.INTAKE, "volley", "-", "+", 1000)
    if rows:
        names = [row["message_id"] for row in rows]
        await system.redis.xclaim(keys.INTAKE, "volley", rows[0]["consumer"], 0, names, idle=_IDLE_MS, justid=True)


async def _settled(stage: Stage) -> None:
    last: dict[str, Any] = {}

    async def is_settled() -> bool:
        last.update({name: await _states(stage, name) for name in stage.names})
        await stage.system.time_passes(*[name for name, states in last.items() if states])
        return all(_is_at_rest(name, states) for name, states in last.items()) and await _is_told(stage)

    try:
        await wait_until(is_settled, description=f"{stage.point}: everybody has an end", timeout=90)
    except AssertionError as error:
        raise AssertionError(f"{error}: {last}") from None


async def _states(stage: Stage, name: str) -> dict[str, int]:
    """Counters of a campaign; none while it is being stored."""
    try:
        return await stage.system.states(name)
    except UnknownCampaignError:
        return {}


def _is_at_rest(name: str, states: dict[str, int]) -> bool:
    """Final; where nobody can be asked by our own id, uncertain is an end too."""
    ends = {state.value for state in State if state.is_final} | ({"uncertain"} if name.endswith(ATHENS) else set())
    return sum(states.values()) >= MANY and {state for state, count in states.items() if count} <= ends


async def _is_told(stage: Stage) -> bool:
    system = stage.system
    match stage.point.story:
        case Story.EXPORT:
            records = await ExportBook(system.producer._redis, AccountName(MOSCOW)).records()
            return bool(records) and all(record.state.is_over for record in records.values())
        case Story.INCOMING:
            return await system.redis.xlen(keys.INCOMING) >= 3
        case Story.INTAKE:
            return await system.redis.xlen(keys.INTAKE) == 0
        case _:
            return True


async def _audited(stage: Stage) -> Audit:
    system, story = stage.system, stage.point.story
    found = await audit(system, stage.campaigns)
    if found.unreported and not stage.point.loses_reports:
        found.complain(f"{found.unreported} reports are gone")
    if leaks := await key_leaks(system.redis):
        found.complain("; ".join(leaks[:3]))
    if story is Story.INCOMING:
        texts = sorted(fields[b"text"].decode() for _, fields in await system.redis.xrange(keys.INCOMING))
        if texts != ["Когда?", "Привет", "Стоп"]:
            found.complain(f"incoming messages handed on: {texts}")
    if story is Story.INTAKE and (dead := await system.redis.xlen(keys.DEAD)):
        found.complain(f"{dead} entries were refused")
    if story is Story.EXPORT and (half := _half_files(system)):
        found.complain(f"half files are left: {half}")
    return found


def _half_files(system: System) -> list[Path]:
    return list(Path(system.exports["folder"]).glob(".*.part"))
