"""The scene of one row of the kill matrix: its system, its campaigns, and the death of a process at a point."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from subprocess import Popen
from typing import Any, Final

import orjson

from producer.contract import keys
from producer.contract.exports import ALL, Manner
from producer.contract.messages import AccountName
from producer.contract.states import State
from tests.reliability.killing_points import Point, Story
from tests.support import PATIENCE, running, wait_until
from tests.support_system import System, account, log_of, numbers, phone
from worker.callbacks import path_of
from worker.exporting import ExportBook
from worker.process import Role

MANY: Final = 40
SECRET: Final = "a-secret-of-our-own"
MOSCOW: Final = "moscow"
ATHENS: Final = "athens"
_LOST_ANSWERS: Final = ("981", "987")
_NEVER_TAKEN: Final = ("984",)
_DIES_WITHIN: Final = 20.0
_MOST_MORE: Final = 6


@dataclass(kw_only=True)
class Stage:
    """One scene: the system, the campaigns that are in it, and the port of its web process."""

    system: System
    point: Point
    login: str
    campaigns: dict[str, tuple[str, list[str]]]
    port: int

    @property
    def names(self) -> list[str]:
        return list(self.campaigns)


async def set_up(stage: Stage) -> None:
    system, story, login = stage.system, stage.point.story, stage.login
    rate = 10 if story in {Story.CANCEL, Story.RESUME} else 200
    smsc: dict[str, Any] = dict(account("smsc", login, rate=rate, in_flight=8, batch=5))
    restv2: dict[str, Any] = dict(account("restv2", login, rate=rate, in_flight=8))
    match story:
        case Story.EXPORT:
            smsc |= {"exports": True}
        case Story.INCOMING:
            smsc |= {"incoming": True}
        case Story.PUSH:
            smsc |= {"callback_secret": SECRET}
        case Story.MATCH:
            restv2 |= {"v3": True}
            await system.provider.switch(f"restv2/{login}", v3=True)
    system.accounts = {MOSCOW: smsc, ATHENS: restv2}
    system.sending = {"request_timeout": 3}
    system.exports = {"folder": os.fspath(system.folder / "exports")}
    if story in {Story.LOOK_UP, Story.RECALL, Story.EXPORT, Story.PUSH}:
        system.accounts = {MOSCOW: smsc}
    if story in {Story.DRAIN, Story.MATCH}:
        system.accounts = {ATHENS: restv2}
    if story in {Story.EXPORT, Story.PUSH}:
        system.tracking = {"poll_every": 3600}
    if stage.point.loses_reports:
        system.tracking = {"give_up_after": 8}
    await system.announced()
    for family in ("smsc", "restv2"):
        await system.provider.switch(f"{family}/{login}", latency=0.2)


async def _submit(stage: Stage, more: str = "") -> None:
    """A campaign on each account, by the producer or over the wire."""
    for name in stage.system.accounts:
        campaign = f"{stage.login}{more}-{name}"
        recipients = numbers(MANY)
        if stage.point.story is Story.MATCH and name == ATHENS:
            recipients = [*recipients, *(phone(ending) for ending in _LOST_ANSWERS)]
        if stage.point.story is Story.RECALL:
            recipients = [*recipients, *(phone(ending) for ending in _NEVER_TAKEN)]
        stage.campaigns[campaign] = (name, recipients)
        if stage.point.story is Story.INTAKE:
            await _over_the_wire(stage, campaign, name, recipients)
        else:
            await stage.system.producer.submit(
                account_name=name, campaign_id=campaign, text=f"{campaign}: hello", recipients=recipients
            )


async def _over_the_wire(stage: Stage, campaign: str, name: str, recipients: list[str]) -> None:
    body = {"campaign": campaign, "account": name, "text": f"{campaign}: hello", "recipients": recipients[:10]}
    pieces = [recipients[start : start + 10] for start in range(10, len(recipients), 10)]
    entries = [("campaign.submit", body)]
    entries += [("campaign.append", {"campaign": campaign, "recipients": piece}) for piece in pieces]
    for kind, entry in entries:
        await stage.system.redis.xadd(keys.INTAKE, {"v": "1", "type": kind, "body": orjson.dumps(entry)})


# --- the death -------------------------------------------------------------------------------------------


async def until_killed(stage: Stage, *, company: bool) -> None:
    system, story = stage.system, stage.point.story
    async with AsyncExitStack() as stack:
        if story in {Story.DRAIN, Story.LOOK_UP, Story.RECALL, Story.MATCH, Story.EXPORT}:
            await _send_all(stage)
        await _call_forth(stage)
        if story is Story.PUSH and stage.point.role != "web":
            stack.enter_context(process(stage, "none", "web"))
        victim = stack.enter_context(process(stage, str(stage.point), stage.point.role))
        await _at_work_or_dead(stage, victim)
        if company:
            await stack.enter_async_context(system.worker(stage.point.role))
        if story is Story.PUSH:
            await stack.enter_async_context(system.worker("all" if stage.point.role == "web" else "send"))
        if not stage.campaigns:
            await _submit(stage)
        await _provoke(stage, victim)
        await _dead(stage, victim, company=company)


async def _send_all(stage: Stage) -> None:
    """Everything is with the provider and over there, and nobody here has asked."""
    await _submit(stage)
    async with stage.system.inside(Role.SEND):
        for name in stage.names:
            await stage.system.until(
                name, lambda states, _: {State.QUEUED, State.IN_FLIGHT}.isdisjoint(states), "all have left"
            )

    async def are_over() -> bool:
        found = [m for m in await stage.system.provider.messages() if m["text"].startswith(f"{stage.login}-")]
        return all(message["status"] > 0 for message in found if message["phone"][-3:] not in _LOST_ANSWERS)

    await wait_until(are_over, description="all are final at the provider")


async def _call_forth(stage: Stage) -> None:
    """What else the story needs of the provider."""
    match stage.point.story:
        case Story.EXPORT:
            await _admin(stage, "task", login=stage.login, start_after=0, done_after=0, rows=100)
            await ExportBook(stage.system.producer._redis, AccountName(MOSCOW)).wish([ALL], Manner.ONCE)
        case Story.INCOMING:
            for number, text in enumerate(("Привет", "Стоп", "Когда?")):
                await _admin(
                    stage,
                    "incoming",
                    login=stage.login,
                    family="smsc",
                    phone=f"7912000000{number}",
                    mes=text,
                    to="7999",
                )
        case Story.PUSH:
            path = path_of(stage.system.settings().accounts[AccountName(MOSCOW)])
            address = f"http://127.0.0.1:{stage.port}{path}?charset=utf-8&sha1={SECRET}"
            await stage.system.provider.switch(f"smsc/{stage.login}", callback=address, callback_attempts=100)


async def _provoke(stage: Stage, victim: Popen[str]) -> None:
    if stage.point.story not in {Story.STOP, Story.CANCEL, Story.RESUME}:
        return

    async def some_left() -> bool:
        return await stage.system.provider.accepted(f"restv2/{stage.login}") >= 3

    await wait_until(some_left, description="some are sent")
    match stage.point.story:
        case Story.STOP:
            victim.send_signal(signal.SIGTERM)
        case Story.CANCEL:
            for name in stage.names:
                await stage.system.producer.cancel(name)
        case Story.RESUME:
            for name in stage.names:
                await stage.system.producer.pause(name)
            await stage.system.at_rest(*stage.names)
            for name in stage.names:
                await stage.system.producer.resume(name)


async def _at_work_or_dead(stage: Stage, victim: Popen[str]) -> None:
    async def is_so() -> bool:
        if victim.poll() is not None or stage.point.role == "web":
            return True
        return str(victim.pid) in await stage.system.beating()

    await wait_until(is_so, description="the victim's first heartbeat")


async def _dead(stage: Stage, victim: Popen[str], *, company: bool) -> None:
    """Wait for it. Where others do the work before the victim comes to its point, there is more work."""
    is_outrun = company and stage.point.story in {Story.SEND, Story.INTAKE}
    for more in range(_MOST_MORE):
        try:
            await wait_until(
                lambda: victim.poll() is not None,
                description=f"the victim dies at {stage.point}",
                timeout=_DIES_WITHIN if is_outrun else PATIENCE,
            )
        except AssertionError:
            if not is_outrun or more == _MOST_MORE - 1:
                raise
            await _submit(stage, f"-{more}")
        else:
            assert victim.poll() == -signal.SIGKILL, log_of(victim)[-2000:]
            return


@contextmanager
def process(stage: Stage, point: str, role: str) -> Iterator[Popen[str]]:
    stage.system.settings()
    log = stage.system.folder / f"victim-{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", "tests.reliability.killing_launcher", point, role]
    env = stage.system.environment | {"PORT": str(stage.port)}
    with log.open("w") as stderr, running(command, env=env, stderr=stderr) as process:
        process.log = log  # type: ignore[attr-defined]
        yield process


async def _admin(stage: Stage, what: str, **body: object) -> None:
    url = f"{stage.system.provider.url}/sandbox/{what}"
    async with stage.system.provider.session.post(url, data=orjson.dumps(body)) as answer:
        assert answer.status == 200, await answer.text()
