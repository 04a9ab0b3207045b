"""The soak: `python -m tests.reliability.soak [SECONDS] [--rate N]`: a steady rate with rolling restarts.

Two workers live from the beginning to the end, two are restarted in turn. Memory, open files and sockets of each are
looked at, and the keys of Redis; in the end nothing of any campaign may be left there once its retention is over.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from ops.redis_server import RedisServer
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.keys import spec_of
from producer.contract.messages import AccountName
from producer.errors import UnknownCampaignError
from producer.pool import connect
from tests.reliability.soak_measures import Life, Look
from tests.reliability.supervisor import Supervisor
from tests.support import key_leaks, wait_until
from tests.support_fixtures import accounts_of
from tests.support_provider import provider_at, sandbox_process
from tests.support_system import System, account, numbers
from worker.ledger import Ledger, LedgerReader
from worker.settings import Retention
from worker.sweeping import Sweeper

HOUR: Final = 3600.0
ROLES: Final = ("send", "track", "send", "track")
WATCHED: Final = 2
"""So many of them live from beginning to end."""

_SANDBOX: Final = ("--enroute-after", "0.2", "--final-after", "1")
_SUBMIT_EVERY: Final = 2.0
_LOOKS: Final = 120
_RESTARTS_A_PROCESS: Final = 20.0  # in an hour; a short soak has two at least
_RETENTION: Final = 60
_GIVE_UP_AFTER: Final = 60
_LONG: Final = 120.0  # seconds: then what has an end of its own is waited for
_MOST_MORE_FILES: Final = 12
"""Connections that a pool opens later than in its first third: those of a bad moment."""

_MOST_SLOPE: Final = 100_000
"""Bytes a minute; believed when it was measured for ten minutes at least."""


@dataclass(kw_only=True)
class Figures:
    """What a soak gave."""

    seconds: float
    rate: float
    messages: int = 0
    campaigns: int = 0
    accepted: int = 0
    duplicates: int = 0
    restarts: int = 0
    slowest_stop: float = 0.0
    ended_by_themselves: int = 0
    processes: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    redis_bytes: dict[str, int] = field(default_factory=dict)
    redis_clients: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    left_over: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


class Soak:
    """One soak of one system."""

    def __init__(self, system: System, figures: Figures) -> None:
        self._system = system
        self._figures = figures
        self._lives = [
            Life(name=f"{role} ({'rolled' if place >= WATCHED else 'watched'})", is_rolled=place >= WATCHED)
            for place, role in enumerate(ROLES)
        ]
        self._began = time.monotonic()
        self._campaigns: list[str] = []
        self._seen: Counter[str] = Counter()  # of the campaigns that are not retired yet

    async def run(self) -> None:
        """Work for so many seconds, let everything end, and count what is left."""
        with Supervisor(self._system, ROLES) as workers:
            for process in workers.processes:
                await self._system.at_work(process)
            await self._note("begin")
            self._began = time.monotonic()
            await self._work(workers)
            await self._note("end")
            try:
                await wait_until(self._is_over, description="every campaign has its end", timeout=180)
            except AssertionError as error:
                states = await self._system.states(self._campaigns[-1])
                raise AssertionError(f"{error}: {self._campaigns[-1]} {states}") from None
            if self._figures.seconds >= _LONG:
                await wait_until(self._is_all_looked_at, description="nothing is due to be looked at", timeout=180)
            copies = await self._system.provider.copies()
            self._figures.accepted = sum(copies.values())
            self._figures.duplicates = self._figures.accepted - len(copies)
        await self._retire()
        self._figures.states = dict(self._seen)
        self._judge()

    async def _work(self, workers: Supervisor) -> None:
        seconds = self._figures.seconds
        look_every = max(0.5, seconds / _LOOKS)
        restart_every = min(seconds / 5, HOUR / _RESTARTS_A_PROCESS / (len(ROLES) - WATCHED))
        submit_at, look_at, restart_at = 0.0, 0.0, restart_every
        turn = 0
        while (now := time.monotonic() - self._began) < seconds:
            if now >= submit_at:
                await self._submit()
                submit_at += _SUBMIT_EVERY
            if now >= look_at:
                for life, process in zip(self._lives, workers.processes, strict=True):
                    life.look(process.pid, now)
                look_at += look_every
            if now >= restart_at:
                place = WATCHED + turn % (len(ROLES) - WATCHED)
                took = await asyncio.to_thread(workers.end, place)
                workers.renew(place)
                self._figures.slowest_stop = round(max(self._figures.slowest_stop, took), 1)
                self._figures.restarts += 1
                turn += 1
                restart_at += restart_every
            self._figures.ended_by_themselves += workers.tend()
            await asyncio.sleep(0.1)

    async def _submit(self) -> None:
        """As many as the rate sends until the next time, half of them on each account."""
        count = int(self._figures.rate * _SUBMIT_EVERY / 2)
        for name in self._system.accounts:
            campaign = f"{name}-{len(self._campaigns)}"
            await self._system.producer.submit(
                account_name=name,
                campaign_id=campaign,
                text=f"{campaign}: hello",
                recipients=numbers(count),
                on_uncertain=OnUncertain.ASSUME_SENT,  # else nothing would ever end it
            )
            self._campaigns.append(campaign)
            self._figures.messages += count
        self._figures.campaigns = len(self._campaigns)

    async def _is_over(self) -> bool:
        """A campaign is over, or retired already."""
        while self._campaigns:
            try:
                progress = await self._system.progress(self._campaigns[-1])
            except UnknownCampaignError:
                self._campaigns.pop()
                continue
            if progress.final < progress.total:
                return False
            self._seen.update({state.value: count for state, count in progress.states.items()})
            self._campaigns.pop()
        return True

    async def _is_all_looked_at(self) -> bool:
        """A final message leaves the list of the due at its next look: for restv2 when it would be given up."""
        names = [keys.due(AccountName(name)) for name in self._system.accounts]
        return not any([await self._system.producer._redis.zcard(name) for name in names])

    async def _note(self, when: str) -> None:
        info = await self._system.redis.info()
        self._figures.keys[when] = await self._system.redis.dbsize()
        self._figures.redis_bytes[when] = info["used_memory"]
        self._figures.redis_clients[when] = info["connected_clients"]

    async def _retire(self) -> None:
        """As when the retention of all campaigns were over: what stays is one of an account, or has its own end."""
        redis = self._system.producer._redis
        ledger = Ledger(redis=redis, lease=1, reference_life=1, first_look=1.0, grace=1.0)
        await Sweeper(redis, ledger, LedgerReader(redis), Retention(finished_for=-1.0)).step()
        found: Counter[str] = Counter()
        async for key in redis.scan_iter(count=1000):
            spec = spec_of(key.decode())
            found[spec.pattern if spec else key.decode()] += 1
        await self._note("retired")
        self._figures.left_over = dict(found)
        self._figures.complaints += await key_leaks(self._system.redis)

    def _judge(self) -> None:
        figures = self._figures
        for life in self._lives:
            settled, first = life.settled(), life.looks[: max(1, len(life.looks) // 3)]
            figures.processes.append(_told(life, first))
            grown = max(look.files for look in settled) - max(look.files for look in first)
            if grown > _MOST_MORE_FILES:
                figures.complaints.append(f"{life.name}: {grown} more open files")
            if not life.is_rolled and figures.seconds >= 600 and life.slope > _MOST_SLOPE:
                figures.complaints.append(f"{life.name}: {life.slope / 1000:.0f} kB a minute")
        gone: tuple[str, ...] = ("volley:campaign:*", "volley:queue:*:*", "arq:job:**", "volley:campaigns")
        if figures.seconds >= _LONG:
            gone = (*gone, "volley:account:*:due")
        for pattern, count in figures.left_over.items():
            if pattern.startswith("volley:campaign:*:") or pattern in gone:
                figures.complaints.append(f"{count} keys {pattern} are left")
        if figures.accepted != figures.messages:
            figures.complaints.append(f"{figures.messages} submitted, {figures.accepted} accepted")
        if figures.duplicates or figures.ended_by_themselves:
            figures.complaints.append("somebody got a message twice, or a worker ended by itself")


def _told(life: Life, first: Sequence[Look]) -> dict[str, Any]:
    """A process in figures; of one that is restarted on the way the most it held."""
    settled = life.settled()
    told: dict[str, Any] = {
        "process": life.name,
        "most_files": [max(look.files for look in looks) for looks in (first, settled)],
        "most_sockets": [max(look.sockets for look in looks) for looks in (first, settled)],
        "most_resident_mb": [round(max(look.resident for look in looks) / 1e6, 1) for looks in (first, settled)],
    }
    return told if life.is_rolled else told | {"slope_kb_a_minute": round(life.slope / 1000, 1)}


async def soak(seconds: float, rate: float, folder: Path) -> Figures:
    """One soak in `folder`: `rate` messages a second for so many seconds."""
    figures = Figures(seconds=seconds, rate=rate)
    logins = ("moscow", "athens")
    with RedisServer(folder / "redis") as server, sandbox_process([*_SANDBOX, *accounts_of(*logins)]) as url:
        async with AsyncExitStack() as stack:
            provider = await stack.enter_async_context(provider_at(url))
            producer = await stack.enter_async_context(CampaignProducer.connected(server.url))
            redis = connect(server.url)
            stack.push_async_callback(redis.aclose)
            system = System(
                redis=redis,  # type: ignore[arg-type]
                redis_url=server.url,
                provider=provider,
                folder=folder,
                producer=producer,
                accounts={
                    "moscow": account("smsc", "moscow", rate=rate, in_flight=4, batch=10),
                    "athens": account("restv2", "athens", rate=rate, in_flight=8),
                },
                tracking={"poll_every": 1, "give_up_after": _GIVE_UP_AFTER},
                retention={"finished_for": _RETENTION, "references_for": 3600},
            )
            await system.announced()
            await Soak(system, figures).run()
    return figures


def main(words: Sequence[str]) -> int:
    """0 when nothing grew and nothing was left, 1 when not."""
    parser = argparse.ArgumentParser(prog="volley test --soak", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=HOUR)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second")
    given = parser.parse_args(words)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(soak(given.seconds, given.rate, Path(folder)))
    sys.stdout.write(json.dumps(asdict(figures), indent=2) + "\n")
    return 1 if figures.complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
