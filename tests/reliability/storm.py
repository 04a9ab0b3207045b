"""The kill storm: `python -m tests.reliability.storm [--messages N] [--seed S] [--appendfsync W] [--power-loss]`.

Every second a worker is killed, three times Redis is, and the provider drops answers, closes connections, answers
503, garbage and slowly. Then everybody is left in peace, and the provider's ledger is compared with ours.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from ops.redis_server import RedisServer
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State
from producer.pool import connect
from tests.reliability.audit import Audit, audit
from tests.reliability.storm_redis import StormyRedis
from tests.reliability.storm_weather import Weather, weather
from tests.reliability.supervisor import Supervisor
from tests.support_fixtures import accounts_of
from tests.support_provider import provider_at, sandbox_process
from tests.support_system import System, account

SHARES: Final = {"batches": 0.4, "singles": 0.2, "athens": 0.2, "listed": 0.2}
"""Of all messages: smsc ten a request, smsc one, restv2, restv2 with version 3 (which lists what was sent)."""

ROLES: Final = ("send", "send", "send", "track", "track")
_SANDBOX: Final = ("--enroute-after", "0.2", "--final-after", "1", "--slow-for", "6")
_MOST_A_SECOND: Final = 240.0
_LEAST_SECONDS: Final = 20.0
_OPEN: Final = {State.QUEUED, State.IN_FLIGHT, State.DEFERRED}
_UNTIL_CALM: Final = 0.97
_PATIENCE: Final = 900.0  # policy waits ten minutes for a list that cannot be read
_GIVE_UP_AFTER: Final = 120
_EVIDENCE_WITHIN: Final = 45.0
"""Seconds without news after which what is uncertain is taken to stay so."""


@dataclass(kw_only=True)
class Figures:
    """What a storm gave. `ever_uncertain`: by cause; `still_uncertain` of them are; the others evidence resolved.

    `recovery_seconds`: from the last kill to the last news of any message.
    """

    messages: int
    seed: int
    appendfsync: str
    power_loss: bool
    faults: dict[str, int]
    kills: int = 0
    redis_kills: int = 0
    bytes_lost: int = 0
    storm_seconds: float = 0.0
    recovery_seconds: float = 0.0
    ever_uncertain: dict[str, int] = field(default_factory=dict)
    resolved_by_evidence: int = 0
    still_uncertain: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    unreported: int = 0
    states: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


class Storm:
    """One storm over one system."""

    def __init__(self, system: System, redis: StormyRedis, plan: Weather, figures: Figures) -> None:
        self._system = system
        self._redis = redis
        self._plan = plan
        self._figures = figures
        self._doubted: dict[str, str] = {}
        self._seen: list[Mapping[State, int]] = []
        self._seen_at = 0.0

    async def run(self) -> None:
        """Submit, rage, recover, compare."""
        system, began = self._system, time.monotonic()
        for name, recipients in self._plan.recipients.items():
            await system.producer.submit(
                account_name=name, campaign_id=name, text=f"{name}: hello", recipients=recipients
            )
        with Supervisor(system, ROLES) as workers:
            await self._rage(workers)
            self._figures.storm_seconds = round(time.monotonic() - began, 1)
            calm = time.monotonic()
            while not (is_settled := await self._is_settled()) and time.monotonic() < calm + _PATIENCE:
                await self._look()
                workers.tend()
                await asyncio.sleep(0.5)
            self._figures.recovery_seconds = round(max(0.0, self._seen_at - calm), 1)
        await self._compare()
        if not is_settled:
            self._figures.complaints.append(f"not everybody had an end {_PATIENCE:.0f} s after the storm")

    async def _rage(self, workers: Supervisor) -> None:
        """A worker a second; Redis when its time has come; until nearly all has left."""
        left = [share * self._figures.messages for share in self._plan.redis_at]
        ends = time.monotonic() + 3 * _LEAST_SECONDS + self._figures.messages / 30
        while time.monotonic() < ends:
            beat = time.monotonic()
            done = await self._done()
            if done >= _UNTIL_CALM * self._figures.messages and not left:
                return
            if left and done >= left[0]:
                left.pop(0)
                self._figures.bytes_lost += self._redis.crash()
                self._figures.redis_kills += 1
            workers.kill(self._plan.chance.randrange(len(ROLES)))
            workers.tend()
            self._figures.kills += 1
            await self._look()
            await asyncio.sleep(max(0.0, beat + 1.0 - time.monotonic()))

    async def _done(self) -> int:
        """How many need not be sent any more."""
        open_ = 0
        for name in SHARES:
            states = (await self._system.progress(name)).states
            open_ += sum(states.get(state, 0) for state in _OPEN)
        return self._figures.messages - open_

    async def _look(self) -> None:
        """Remember who is uncertain, and why: most are so for some seconds only."""
        self._redis.note()
        for name in SHARES:
            listed = await self._system.producer._redis.zrange(keys.uncertain(AccountName(name)), 0, -1)
            new = [MessageId.parse(job.decode()) for job in listed if job.decode() not in self._doubted]
            records = await self._reader_records(new)
            for message, record in records.items():
                if record.state is State.UNCERTAIN:
                    self._doubted[str(message)] = record.code

    async def _reader_records(self, messages: list[MessageId]) -> dict[MessageId, Any]:
        from worker.ledger import LedgerReader  # noqa: PLC0415 - the reader's caches are not wanted here

        return await LedgerReader(self._system.producer._redis).records(messages) if messages else {}

    async def _is_settled(self) -> bool:
        """Final, or uncertain where nobody can be asked by our own id, and no evidence has come for a while."""
        seen = [(await self._system.progress(name)).states for name in SHARES]
        if seen != self._seen:
            self._seen, self._seen_at = seen, time.monotonic()
        ends = {state for state in State if state.is_final}
        for name, states in zip(SHARES, seen, strict=True):
            found = {state for state, count in states.items() if count}
            if not found <= (ends | {State.UNCERTAIN} if name in {"athens", "listed"} else ends):
                return False
        is_certain = not any(states.get(State.UNCERTAIN) for states in seen)
        return is_certain or time.monotonic() > self._seen_at + _EVIDENCE_WITHIN

    async def _compare(self) -> None:
        campaigns = {name: (name, recipients) for name, recipients in self._plan.recipients.items()}
        found: Audit = await audit(self._system, campaigns)
        figures = self._figures
        figures.ever_uncertain = dict(Counter(self._doubted.values()))
        figures.still_uncertain = dict(found.uncertain)
        figures.resolved_by_evidence = len(self._doubted) - sum(found.uncertain.values())
        figures.accepted, figures.duplicates = found.accepted, found.twice
        figures.lost, figures.unreported = found.forgotten, found.unreported
        figures.states, figures.complaints = dict(found.states), found.complaints


async def blow(messages: int, seed: int, folder: Path, *, appendfsync: str, power_loss: bool) -> Figures:
    """One storm in `folder`."""
    totals = {name: int(messages * share) for name, share in SHARES.items()}
    plan = weather(seed, totals)
    figures = Figures(
        messages=sum(totals.values()), seed=seed, appendfsync=appendfsync, power_loss=power_loss, faults=plan.faults()
    )
    with RedisServer(folder / "redis") as server, sandbox_process([*_SANDBOX, *accounts_of(*SHARES)]) as url:
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
                accounts=_accounts(figures.messages),
                sending={"request_timeout": 3},
                tracking={"poll_every": 1, "give_up_after": _GIVE_UP_AFTER},
            )
            await provider.switch("restv2/listed", v3=True)
            await system.announced()
            storm = Storm(system, StormyRedis(server, appendfsync=appendfsync, loses_tail=power_loss), plan, figures)
            await storm.run()
    return figures


def _accounts(messages: int) -> dict[str, Any]:
    """Rates at which all of it takes twenty seconds at least."""
    rate = min(messages / _LEAST_SECONDS, _MOST_A_SECOND)
    return {
        "batches": account("smsc", "batches", rate=rate * SHARES["batches"] / 10, in_flight=14, batch=10),
        "singles": account("smsc", "singles", rate=rate * SHARES["singles"], in_flight=14, batch=1),
        "athens": account("restv2", "athens", rate=rate * SHARES["athens"], in_flight=14),
        "listed": account("restv2", "listed", rate=rate * SHARES["listed"], in_flight=14) | {"v3": True},
    }


def main(words: Sequence[str]) -> int:
    """0 when nobody was lost and nobody got a message twice, 1 when not."""
    parser = argparse.ArgumentParser(prog="volley test --kill-storm", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--appendfsync", choices=("always", "everysec"), default="always")
    parser.add_argument(
        "--power-loss", action="store_true", help="Redis loses the last second that was not yet synced, each time"
    )
    given = parser.parse_args(words)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(
            blow(
                given.messages,
                given.seed,
                Path(folder),
                appendfsync=given.appendfsync,
                power_loss=given.power_loss,
            )
        )
    sys.stdout.write(json.dumps(asdict(figures), indent=2) + "\n")
    return 1 if figures.complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
