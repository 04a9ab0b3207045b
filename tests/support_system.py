"""The whole system in a test: settings on disk, real worker processes, the books read back recipient by recipient."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, Final, Self

from redis.asyncio import Redis

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import Lane, Progress
from producer.contract.messages import AccountName, CampaignId, MessageId, MessageRecord
from producer.contract.states import State
from producer.directory import announce
from producer.pool import connect
from tests.support import PATIENCE, running, wait_until
from tests.support_provider import Provider
from tests.support_time import Time
from worker.app import App
from worker.ledger import LedgerReader
from worker.process import Process, Role
from worker.settings import Settings, load

LONG: Final = 60 + PATIENCE
"""Seconds for a campaign: who may have been sent at smsc, or was given back, waits for a minute behind a fence."""

QUICK_SENDING: Final = {"request_timeout": 5, "lease_margin": 1, "stop_within": 20}
QUICK_TRACKING: Final = {"poll_every": 0.3, "lookup_grace": 1.5, "probe_every": 1}

Table = Mapping[str, Any]


def account(family: str, login: str, **limits: float) -> Table:
    """The settings of one sandbox account."""
    who = {"login": login, "password": f"{login}-secret"} if family == "smsc" else {"key": f"{login}-key"}
    return {"family": family, **who, "limits": limits}


def toml(value: object) -> str:
    """One TOML value: enough of the format for settings."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case Mapping():
            return "{" + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + "}"
        case _:
            return str(value)


@dataclass
class System:
    """Volley on one Redis, with the sandbox as its provider."""

    redis: Redis
    redis_url: str
    provider: Provider
    folder: Path
    producer: CampaignProducer
    accounts: Mapping[str, Table]
    sending: Table = field(default_factory=dict)
    tracking: Table = field(default_factory=dict)
    exports: Table = field(default_factory=dict)
    retention: Table = field(default_factory=dict)

    # --- starting ----------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """What a worker process is told."""
        return {"REDIS_URL": self.redis_url, "VOLLEY_CONFIG": os.fspath(self.folder / "volley.toml")}

    def settings(self) -> Settings:
        """The settings as a worker reads them; written anew, so that a test may change them in between."""
        lines = [
            f"[accounts.{name}]\nbase_url = {toml(self.provider.url)}\n"
            + "\n".join(f"{field} = {toml(value)}" for field, value in table.items())
            for name, table in self.accounts.items()
        ]
        sections = {
            "sending": QUICK_SENDING | self.sending,
            "tracking": QUICK_TRACKING | self.tracking,
            "exports": self.exports,
            "retention": self.retention,
        }
        for name, table in sections.items():
            lines.append(f"[{name}]\n" + "\n".join(f"{field} = {toml(value)}" for field, value in table.items()))
        (self.folder / "volley.toml").write_text("\n\n".join(lines))
        return load(self.environment)

    async def announced(self) -> Self:
        """Ourselves, once the producer knows the accounts, before any worker runs."""
        await announce(self.producer._redis, App(self.settings(), self.producer._redis).entries())
        return self

    @asynccontextmanager
    async def worker(self, role: str = "all", *, cold: bool = False) -> AsyncIterator[Popen[str]]:
        """One worker process at work; at the end it gets SIGTERM, if it lives. `cold`: see `running`."""
        with self.starting(role, cold=cold) as process:
            await self.at_work(process)
            yield process

    @contextmanager
    def starting(self, role: str = "all", *, cold: bool = False) -> Iterator[Popen[str]]:
        """One worker process, not waited for. Its log is `worker-PID.log` beside the settings."""
        self.settings()
        log = self.folder / f"worker-{time.monotonic_ns()}.log"
        command = [sys.executable, "-m", "worker", role]
        with log.open("w") as stderr, running(command, env=self.environment, cold=cold, stderr=stderr) as process:
            process.log = log  # type: ignore[attr-defined]
            yield process

    async def at_work(self, process: Popen[str]) -> None:
        """Wait for the process' first heartbeat."""

        async def has_beaten() -> bool:
            assert process.poll() is None, f"the worker ended: {log_of(process)[-2000:]}"
            return str(process.pid) in await self.beating()

        await wait_until(has_beaten, description="the worker's first heartbeat")

    async def beating(self) -> set[str]:
        """The process ids of the workers that told us they live."""
        names = [name.decode() for name in await self.redis.zrange(keys.WORKERS, 0, -1)]
        pids = [await self.redis.hget(keys.worker(name), "pid") for name in names]
        return {pid.decode() for pid in pids if pid}

    @asynccontextmanager
    async def inside(self, *roles: Role) -> AsyncIterator[Process]:
        """A worker inside this process: quicker to start, and to be looked into."""
        redis = connect(self.redis_url)
        process = Process(App(self.settings(), redis), frozenset(roles or Role))
        try:
            await process.start()
            yield process
            await process.stop(5)
        finally:
            await redis.aclose()

    # --- looking -----------------------------------------------------------------------------------

    async def progress(self, campaign: str) -> Progress:
        return await self.producer.progress(campaign)

    async def finished(self, *campaigns: str, timeout: float = LONG) -> None:  # noqa: ASYNC109 - see wait_until
        """Wait until every recipient of the campaigns is final."""
        for campaign in campaigns:
            await self.until(campaign, lambda states, total: _final(states) == total, "all final", timeout=timeout)

    async def sent(self, *campaigns: str, timeout: float = LONG) -> None:  # noqa: ASYNC109 - see wait_until
        """Wait until nobody is to be sent any more, and nothing is uncertain; reports may still come."""
        wait = {State.QUEUED, State.IN_FLIGHT, State.DEFERRED, State.UNCERTAIN}
        for campaign in campaigns:
            await self.until(campaign, lambda states, _: wait.isdisjoint(states), "all sent", timeout=timeout)

    async def settled(self, *campaigns: str, timeout: float = LONG) -> None:  # noqa: ASYNC109 - see wait_until
        """Wait until every recipient of the campaigns is final or uncertain."""

        def rest(states: Mapping[State, int], total: int) -> bool:
            return _final(states) + states.get(State.UNCERTAIN, 0) == total

        for campaign in campaigns:
            await self.until(campaign, rest, "all final or uncertain", timeout=timeout)

    async def until(self, campaign: str, check: Any, description: str, *, timeout: float = LONG) -> None:  # noqa: ASYNC109
        """Wait until `check(states, total)` of a campaign's progress is true."""
        seen: dict[State, int] = {}

        async def holds() -> bool:
            progress = await self.progress(campaign)
            seen.clear()
            seen.update(progress.states)
            return check(progress.states, progress.total)

        try:
            await wait_until(holds, description=f"{campaign}: {description}", timeout=timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; its states: { {state.value: n for state, n in seen.items()} }") from None

    async def states(self, campaign: str) -> dict[str, int]:
        """The campaign's counters, by the state's word."""
        return {state.value: count for state, count in (await self.progress(campaign)).states.items()}

    async def records(self, campaign: str) -> dict[str, MessageRecord]:
        """What our ledger knows of each recipient that was registered, by MSISDN."""
        reader, name = LedgerReader(self.producer._redis), CampaignId(campaign)
        place = await reader.place(name)
        assert place is not None
        found: dict[str, MessageRecord] = {}
        for number in range(place.chunks):
            chunk = await reader.chunk(name, number) or ()
            messages = [MessageId(campaign=name, chunk=number, place=spot) for spot in range(len(chunk))]
            records = await reader.records(messages)
            found |= {
                str(recipient.msisdn): records[message]
                for recipient, message in zip(chunk, messages, strict=True)
                if message in records
            }
        return found

    async def fates(self, campaign: str) -> dict[str, tuple[str, str]]:
        """State and code of each recipient, by MSISDN."""
        return {
            msisdn: (record.state.value, record.code) for msisdn, record in (await self.records(campaign)).items()
        }

    async def words(self, name: str) -> dict[str, str]:
        """The plain words of the reason codes that an account has met."""
        words = await self.redis.hgetall(keys.words(AccountName(name)))
        return {code.decode(): text.decode() for code, text in words.items()}

    async def check_books(self, campaign: str) -> dict[str, MessageRecord]:
        """Counters, records and jobs must agree: nobody is lost in our own books. The records."""
        progress, records = await self.progress(campaign), await self.records(campaign)
        assert sum(progress.states.values()) == progress.total
        counted = Counter(record.state for record in records.values())
        if len(records) == progress.total:
            assert counted == progress.states
        return records

    async def check_nobody_twice(self, text: str = "") -> Counter[tuple[str, str]]:
        """The provider's own ledger shows each phone and text once. The copies."""
        copies = await self.provider.copies(text)
        assert {who: count for who, count in copies.items() if count > 1} == {}
        return copies

    async def at_rest(self, *campaigns: str) -> None:
        """Wait until nothing of the campaigns is claimed or on the wire."""
        for campaign in campaigns:
            await self.until(campaign, lambda states, _: State.IN_FLIGHT not in states, "nothing in flight")

    async def queued_jobs(self, name: str) -> int:
        return sum([await self.redis.zcard(keys.queue(AccountName(name), lane)) for lane in Lane])

    # --- time that passes ------------------------------------------------------------------------------

    async def time_passes(self, *campaigns: str) -> None:
        """More than a minute for whoever waits to be sent: fences fall, deferred and fenced messages are due, and the
        provider's history may be asked again.
        """
        fences = [name async for name in self.redis.scan_iter(match="volley:throttle:*:fence:*", count=1000)]
        if fences:
            await self.redis.delete(*fences)
        for campaign in campaigns:
            await self._time.end_waits(CampaignId(campaign))
            await self._time.age_history_requests(CampaignId(campaign), 61)

    async def reports_are_overdue(self, *campaigns: str) -> None:
        """Four days for whoever waits for a report: more than `give_up_after` allows."""
        for campaign in campaigns:
            await self._time.age_submissions(CampaignId(campaign), 4 * 86_400)

    @property
    def _time(self) -> Time:
        return Time(self.redis, LedgerReader(self.producer._redis))


def _final(states: Mapping[State, int]) -> int:
    return sum(count for state, count in states.items() if state.is_final)


def numbers(count: int, *, first: int = 0, prefix: str = "7912") -> list[str]:
    """So many MSISDNs whose last three digits are below 900: the sandbox delivers to all of them."""
    made = (f"{prefix}{place // 900:04}{place % 900:03}" for place in range(first, first + count))
    return list(made)


def phone(ending: str, *, prefix: str = "79120000") -> str:
    """An MSISDN with a fate: `ending` is a row of the sandbox's scenarios."""
    return prefix + ending


def kill(process: Popen[str]) -> None:
    """`kill -9`, by its id, and only this one."""
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)


async def terminate(process: Popen[str]) -> float:
    """SIGTERM; how many seconds it took to end. Its exit status must be 0."""
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    await wait_until(lambda: process.poll() is not None, description="the worker has stopped")
    assert process.returncode == 0, log_of(process)[-2000:]
    return time.monotonic() - started


def log_of(process: Popen[str]) -> str:
    """Everything the process has logged."""
    return process.log.read_text()  # type: ignore[attr-defined]
