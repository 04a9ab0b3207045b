"""What is watched in a kill storm: who is uncertain and why, and when everything was well again for good."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from producer.contract import keys
from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State
from tests.reliability.storm_accounts import ASKED_BY_OUR_ID, FAMILIES, SHARES
from tests.support_system import System
from worker.ledger import LedgerReader

OPEN: Final = {State.QUEUED, State.IN_FLIGHT, State.DEFERRED}
_FOLLOWED: Final = {State.SUBMITTED, State.ENROUTE}
_NEWS_WITHIN: Final = 45.0
"""Seconds without news after which what may stay as it is is taken to do so."""

_MAY_STAY: Final[Mapping[str, frozenset[State]]] = {
    "batches": frozenset(),
    "singles": frozenset(),
    "athens": frozenset({State.UNCERTAIN, *_FOLLOWED}),
    "listed": frozenset({State.UNCERTAIN}),
}
"""Where there is nobody to ask: about a lost answer, and about a report that a dead tracker had just been given."""


States = Mapping[str, Mapping[State, int]]


class Watch:
    """Looks at all accounts of a storm. `doubted`: message -> why it was uncertain once."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._reader = LedgerReader(system.producer._redis)
        self.doubted: dict[str, str] = {}
        self.states: States = {}
        self._calm = 0.0
        self._news_at = 0.0
        self._last: dict[str, float] = {}
        self._asked: dict[str, dict[str, int]] = {}

    async def look(self) -> None:
        """Remember who is uncertain, and why: most are so for some seconds only."""
        seen = {name: (await self._system.progress(name)).states for name in SHARES}
        now = time.monotonic()
        if seen != self.states:
            self._news_at = now
        if seen["listed"].get(State.UNCERTAIN) != self.states.get("listed", {}).get(State.UNCERTAIN):
            self._last["nobody is found in a list any more"] = now
        self.states = seen
        self._note(now)
        for name in SHARES:
            listed = await self._system.producer._redis.zrange(keys.uncertain(AccountName(name)), 0, -1)
            new = [MessageId.parse(job.decode()) for job in listed if job.decode() not in self.doubted]
            records = await self._reader.records(new) if new else {}
            self.doubted |= {
                str(message): record.code for message, record in records.items() if record.state is State.UNCERTAIN
            }

    def _note(self, now: float) -> None:
        """What is not so yet was not so until now."""
        asked = Counter[State]()
        for name in ASKED_BY_OUR_ID:
            asked.update(self.states[name])
        everybody = self.sums()
        is_so = {
            "everybody has been sent": not any(everybody[state] for state in OPEN),
            "nobody is uncertain who can be asked about": not asked[State.UNCERTAIN],
            "every report is there that was not lost": not any(
                self.states[name].get(state) for name in SHARES for state in _FOLLOWED - _MAY_STAY[name]
            ),
        }
        self._last |= {what: now for what, holds in is_so.items() if not holds}
        self._last["last news"] = self._news_at

    def sums(self) -> Counter[State]:
        """How many are in each state, over all accounts."""
        found = Counter[State]()
        for states in self.states.values():
            found.update(states)
        return found

    async def calm(self) -> None:
        """The last kill was now."""
        self._calm = time.monotonic()
        self._asked = await self._requests()

    def is_settled(self) -> bool:
        """All is final, or no news has come for a while and what is not final cannot be asked about."""
        final = {state for state in State if state.is_final}
        is_final = True
        for name, states in self.states.items():
            found = {state for state, count in states.items() if count}
            if not found <= final | _MAY_STAY[name]:
                return False
            is_final = is_final and found <= final
        return is_final or time.monotonic() > self._news_at + _NEWS_WITHIN

    def recovery(self) -> dict[str, float]:
        """Seconds from the last kill until each was so for good, soonest first."""
        found = {what: round(max(0.0, at - self._calm), 1) for what, at in self._last.items()}
        return dict(sorted(found.items(), key=lambda row: row[1]))

    async def requests(self) -> dict[str, dict[str, int]]:
        """What the provider was asked since the last kill, by account and call."""
        return {
            name: {call: more for call, count in calls.items() if (more := count - self._asked[name].get(call, 0))}
            for name, calls in (await self._requests()).items()
        }

    async def _requests(self) -> dict[str, dict[str, int]]:
        return {name: (await self.summary(name))["requests"] for name in SHARES}

    async def summary(self, name: str) -> dict[str, Any]:  # Any: JSON values
        """What the provider counted of an account."""
        return await self._system.provider.summary(f"{FAMILIES[name]}/{name}")
