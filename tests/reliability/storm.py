"""The kill storm: `volley test --kill-storm [--messages N] [--seed S] [--appendfsync W] [--power-loss] [--folder F]`.

Every second a worker is killed, three times Redis is, and the provider drops answers, closes connections, answers
503, garbage and slowly. Then everybody is left in peace, and the provider's ledger is compared with ours.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.reliability.audit import audit
from tests.reliability.redis_servers import free_port
from tests.reliability.storm_accounts import SHARES, accounts, open_up
from tests.reliability.storm_figures import Figures
from tests.reliability.storm_redis import StormyRedis
from tests.reliability.storm_watch import OPEN, Watch
from tests.reliability.storm_weather import Weather, weather
from tests.reliability.supervisor import WEB, Supervisor
from tests.reliability.systems import system_in
from tests.reliability.telling import Progress, parser_of, tell
from tests.support_system import System

ROLES: Final = ("send", "send", "send", "send", "track", "track", "track", WEB)
_SANDBOX: Final = ("--enroute-after", "0.2", "--final-after", "1", "--slow-for", "6")
_UNTIL_CALM: Final = 0.97
_PATIENCE: Final = 1500.0  # policy waits ten minutes for a list that cannot be read
_GIVE_UP_AFTER: Final = 7200
"""Seconds: longer than any storm, because reports are asked for after it."""

_TELL_EVERY: Final = 15.0


class Storm:
    """One storm over one system."""

    def __init__(self, system: System, redis: StormyRedis, plan: Weather, figures: Figures) -> None:
        self._system = system
        self._redis = redis
        self._plan = plan
        self._figures = figures
        self._kills: Counter[str] = Counter()
        self._watch = Watch(system)
        self._progress = Progress(_TELL_EVERY)

    async def run(self, port: int) -> None:
        """Submit, rage, recover, compare. `port`: where callbacks come in."""
        began, figures = time.monotonic(), self._figures
        for name, recipients in self._plan.recipients.items():
            await self._system.producer.submit(
                account_name=name, campaign_id=name, text=f"{name}: hello", recipients=recipients
            )
        with Supervisor(self._system, ROLES, port=port, is_forked=True) as workers:
            await self._rage(workers)
            figures.storm_seconds = round(time.monotonic() - began, 1)
            is_settled = await self._recover(workers)
        figures.kills = dict(self._kills)
        await self._compare()
        if not is_settled:
            figures.complaints.append(f"not everybody had an end {_PATIENCE:.0f} s after the storm")

    async def _rage(self, workers: Supervisor) -> None:
        """A worker a second; Redis when its time has come; until nearly all has left."""
        total = self._figures.messages
        left = [share * total for share in self._plan.redis_at]
        ends = time.monotonic() + 60 + total / 30
        while time.monotonic() < ends:
            beat = time.monotonic()
            await self._look("storm")
            done = total - sum(self._watch.sums()[state] for state in OPEN)
            if done >= _UNTIL_CALM * total and not left:
                return
            if left and done >= left[0]:
                left.pop(0)
                self._figures.bytes_lost += self._redis.crash()
                self._figures.redis_kills += 1
            place = self._plan.chance.randrange(len(ROLES))
            workers.kill(place)
            workers.tend()
            self._kills[ROLES[place]] += 1
            await asyncio.sleep(max(0.0, beat + 1.0 - time.monotonic()))

    async def _recover(self, workers: Supervisor) -> bool:
        """Leave everybody in peace until there is no more to wait for; False when patience ends first."""
        await self._watch.calm()
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends and not self._watch.is_settled():
            workers.tend()
            await asyncio.sleep(0.5)
            await self._look("recovery")
        self._figures.recovery = self._watch.recovery()
        self._figures.requests = await self._watch.requests()
        return self._watch.is_settled()

    async def _look(self, when: str) -> None:
        self._redis.note()
        await self._watch.look()
        if self._progress.is_due():
            states = {
                name: {state.value: count for state, count in states.items() if count}
                for name, states in self._watch.states.items()
            }
            self._progress.say(
                when=when,
                killed=dict(self._kills),
                redis_killed=self._figures.redis_kills,
                ever_uncertain=len(self._watch.doubted),
                states=states,
            )

    async def _compare(self) -> None:
        campaigns = {name: (name, recipients) for name, recipients in self._plan.recipients.items()}
        self._figures.take(await audit(self._system, campaigns), self._watch.doubted)
        found = [await self._watch.summary(name) for name in SHARES]
        self._figures.violations = dict(sum((Counter(row["violations"]) for row in found), Counter()))
        self._figures.callbacks = dict(sum((Counter(row["callbacks"]) for row in found), Counter()))


async def blow(messages: int, seed: int, appendfsync: str, power_loss: bool, folder: Path) -> Figures:  # noqa: FBT001
    """One storm in `folder`."""
    totals = {name: int(messages * share) for name, share in SHARES.items()}
    plan = weather(seed, totals)
    figures = Figures(
        messages=sum(totals.values()), seed=seed, appendfsync=appendfsync, power_loss=power_loss, faults=plan.faults()
    )
    sending, tracking = {"request_timeout": 3}, {"poll_every": 1, "give_up_after": _GIVE_UP_AFTER}
    made, port = accounts(figures.messages), free_port()
    async with system_in(folder, _SANDBOX, made, sending=sending, tracking=tracking) as (system, server):
        await open_up(system, port)
        await system.announced()
        redis = StormyRedis(server, appendfsync=appendfsync, loses_tail=power_loss)
        await Storm(system, redis, plan, figures).run(port)
    return figures


def main(words: Sequence[str]) -> int:
    """0 when nobody was lost and nobody got a message twice, 1 when not."""
    parser = parser_of("kill-storm", __doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--appendfsync", choices=("always", "everysec"), default="always")
    parser.add_argument(
        "--power-loss", action="store_true", help="Redis loses the last second that was not yet synced, each time"
    )
    given = parser.parse_args(words)
    return tell(
        partial(blow, given.messages, given.seed, given.appendfsync, given.power_loss),
        given.folder,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
