"""The soak: `python -m tests.reliability.soak [SECONDS] [--rate N] [--folder F]`: a steady rate, rolling restarts.

Two workers live from the beginning to the end, two are restarted in turn. Memory, open files and sockets of each are
looked at, and the keys of Redis. Campaigns and references are kept for a minute or two, as set; in the end only what
`soak_rest` names may be there, and no more of it than it allows.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from producer.contract import keys
from producer.contract.campaigns import OnUncertain
from producer.contract.messages import AccountName
from producer.errors import UnknownCampaignError
from tests.reliability.soak_figures import Figures, glance, judge
from tests.reliability.soak_measures import Life
from tests.reliability.soak_rest import EXCHANGES, JOURNAL_LENGTH, SOON, rests, too_much
from tests.reliability.supervisor import Supervisor
from tests.reliability.systems import system_in
from tests.reliability.telling import Progress, parser_of, tell
from tests.support import key_leaks, wait_until
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
_LOOKS: Final = 720
_RESTART_EVERY: Final = 300.0  # in turn; a short soak has four at least
_TELL_EVERY: Final = 60.0
_RETENTION: Final = {
    "finished_for": 60,
    "references_for": 60,
    "journal_length": JOURNAL_LENGTH,
    "exchanges": EXCHANGES,
}
_GIVE_UP_AFTER: Final = 60
_ALL_GONE_IN: Final = 600.0


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
        self._progress = Progress(_TELL_EVERY)
        self._campaigns: list[str] = []
        self._seen: Counter[str] = Counter()  # of the campaigns that are not retired yet

    async def run(self) -> None:
        """Work for so many seconds, let everything end, and count what is left."""
        figures = self._figures
        with Supervisor(self._system, ROLES) as workers:
            for process in workers.processes:
                await self._system.at_work(process)
            await self._note("begin")
            self._began = time.monotonic()
            await self._work(workers)
            await self._note("end")
            await self._end()
            if figures.is_long:
                await wait_until(self._is_all_gone, description="retention is over", timeout=_ALL_GONE_IN)
                await self._note("retention is over")
            copies = await self._system.provider.copies()
            figures.accepted = sum(copies.values())
            figures.duplicates = figures.accepted - len(copies)
        if not figures.is_long:
            await self._retire()
        await self._count_rests()
        figures.states = dict(self._seen)
        judge(figures, self._lives)

    async def _work(self, workers: Supervisor) -> None:
        seconds = self._figures.seconds
        look_every = max(0.5, seconds / _LOOKS)
        restart_every = min(seconds / 5, _RESTART_EVERY)
        submit_at, look_at, restart_at = 0.0, 0.0, restart_every
        while (now := time.monotonic() - self._began) < seconds:
            if now >= submit_at:
                await self._submit()
                submit_at += _SUBMIT_EVERY
            if now >= look_at:
                for life, process in zip(self._lives, workers.processes, strict=True):
                    life.look(process.pid, now)
                look_at += look_every
            if now >= restart_at:
                await self._restart(workers)
                restart_at += restart_every
            if self._progress.is_due():
                await self._tell()
            self._figures.ended_by_themselves += workers.tend()
            await asyncio.sleep(0.1)

    async def _restart(self, workers: Supervisor) -> None:
        """Stop and start the next one whose turn it is."""
        place = WATCHED + self._figures.restarts % (len(ROLES) - WATCHED)
        took = await asyncio.to_thread(workers.end, place)
        workers.renew(place)
        self._figures.slowest_stop = round(max(self._figures.slowest_stop, took), 1)
        self._figures.restarts += 1

    async def _tell(self) -> None:
        info = await self._system.redis.info()
        self._progress.say(
            messages=self._figures.messages,
            accepted=await self._system.provider.accepted(),
            restarts=self._figures.restarts,
            resident_mb=glance(self._lives),
            redis_keys=await self._system.redis.dbsize(),
            redis_mb=round(info["used_memory"] / 1e6, 2),
        )

    async def _submit(self) -> None:
        """As many as the rate sends until the next time, half of them on each account."""
        count = int(self._figures.rate * _SUBMIT_EVERY / 2)
        for name in self._system.accounts:
            campaign = f"{name}-{self._figures.campaigns}"
            await self._system.producer.submit(
                account_name=name,
                campaign_id=campaign,
                text=f"{campaign}: hello",
                recipients=numbers(count),
                on_uncertain=OnUncertain.ASSUME_SENT,  # else nothing would ever end it
            )
            self._campaigns.append(campaign)
            self._figures.campaigns += 1
            self._figures.messages += count

    async def _end(self) -> None:
        """Wait for the end of all campaigns; AssertionError that tells of the last one that has none."""
        try:
            await wait_until(self._is_over, description="every campaign has its end", timeout=180)
        except AssertionError as error:
            states = await self._system.states(self._campaigns[-1])
            raise AssertionError(f"{error}: {self._campaigns[-1]} {states}") from None
        if self._figures.is_long:
            await wait_until(self._is_all_looked_at, description="nothing is due to be looked at", timeout=180)

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

    async def _is_all_gone(self) -> bool:
        """The workers' own sweeper has retired every campaign, and what has a short life has had it."""
        return not too_much(await rests(self._system.redis, measured=False))

    async def _note(self, when: str) -> None:
        info = await self._system.redis.info()
        self._figures.keys[when] = await self._system.redis.dbsize()
        self._figures.redis_bytes[when] = info["used_memory"]
        self._figures.redis_clients[when] = info["connected_clients"]

    async def _retire(self) -> None:
        """Retire all campaigns at once: a short soak does not wait for the workers' own sweeper."""
        redis = self._system.producer._redis
        ledger = Ledger(redis=redis, lease=1, reference_life=1, first_look=1.0, grace=1.0)
        await Sweeper(redis, ledger, LedgerReader(redis), Retention(finished_for=-1.0)).step()

    async def _count_rests(self) -> None:
        """Write down what is left, and complain of what should not be; after a short soak it may be on its way."""
        await self._note("workers have left")
        found = await rests(self._system.redis)
        self._figures.left = {name: [rest.keys, rest.bytes] for name, rest in sorted(found.items())}
        waited_for = {name: rest for name, rest in found.items() if self._figures.is_long or name not in SOON}
        self._figures.complaints += too_much(waited_for)
        self._figures.complaints += await key_leaks(self._system.redis)


async def soak(seconds: float, rate: float, folder: Path) -> Figures:
    """One soak in `folder`: `rate` messages a second for so many seconds."""
    figures = Figures(seconds=seconds, rate=rate)
    accounts: dict[str, Any] = {
        "moscow": account("smsc", "moscow", rate=rate, in_flight=4, batch=10),
        "athens": account("restv2", "athens", rate=rate, in_flight=8),
    }
    tracking = {"poll_every": 1, "give_up_after": _GIVE_UP_AFTER}
    async with system_in(folder, _SANDBOX, accounts, tracking=tracking, retention=_RETENTION) as (system, _):
        await system.announced()
        await Soak(system, figures).run()
    return figures


def main(words: Sequence[str]) -> int:
    """0 when nothing grew and nothing was left, 1 when not."""
    parser = parser_of("soak", __doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=HOUR)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second")
    given = parser.parse_args(words)
    return tell(partial(soak, given.seconds, given.rate), given.folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
