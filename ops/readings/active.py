"""All campaigns that are not over, added up: whole at the first look, then some campaigns anew at every further one.

So a look costs the same with ten campaigns and with thousands; the newest are as of now, the others some seconds old.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ops.readings.campaigns import ActiveTotals
from ops.readings.fields import Fields, counts, readable
from producer.contract import keys
from producer.contract.campaigns import CampaignState
from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.contract.states import State

MOST: Final = 2000
"""Campaigns that are looked at: the newest."""

_NEWEST: Final = 20
_OTHERS: Final = 80
_ROUNDS: Final = 2


@dataclass(frozen=True, slots=True)
class _Known:
    state: CampaignState
    messages: Mapping[State, int]
    round: int


class Census:
    """Keeps what it read. One for whoever looks again and again."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._known: dict[CampaignId, _Known] = {}
        self._place = _NEWEST
        self._round = 0
        self._is_whole = False

    async def read(self) -> ActiveTotals:
        """The totals; three round trips once the first look is over."""
        while await self._look() and not self._is_whole:
            pass
        self._is_whole = True
        states: Counter[State] = Counter()
        for each in self._known.values():
            states.update(each.messages)
        return ActiveTotals(campaigns=Counter(each.state for each in self._known.values()), states=states)

    async def _look(self) -> bool:
        """The newest, and the next ones of the others; whether there are more of them."""
        newest, others = await self._names()
        names = list(dict.fromkeys([*newest, *others]))
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(keys.campaign(name), ["state", "finished_at"])
            heads = await pipe.execute()
        active = {name: state for name, head in zip(names, heads, strict=True) if (state := _state(*head))}
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in active:
                pipe.hgetall(keys.counts(name))
            tallies = await pipe.execute()
        for name in names:
            self._known.pop(name, None)
        for (name, state), tally in zip(active.items(), tallies, strict=True):
            self._known[name] = _Known(state, _by_state(tally), self._round)
        return self._go_on(len(others))

    async def _names(self) -> tuple[list[CampaignId], list[CampaignId]]:
        last = min(self._place + _OTHERS, MOST) - 1
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrange(keys.CAMPAIGNS, 0, _NEWEST - 1, desc=True)
            pipe.zrange(keys.CAMPAIGNS, self._place, last, desc=True)
            newest, others = await pipe.execute()
        return [CampaignId(readable(name)) for name in newest], [CampaignId(readable(name)) for name in others]

    def _go_on(self, others: int) -> bool:
        """Where the next look begins; behind the last one a new round does. Who was not met for two is gone."""
        self._place += _OTHERS
        if others == _OTHERS and self._place < MOST:
            return True
        self._known = {name: each for name, each in self._known.items() if each.round > self._round - _ROUNDS}
        self._place, self._round = _NEWEST, self._round + 1
        return False


async def read_active(redis: Client) -> ActiveTotals:
    """All campaigns that are not over, added up, as of now. Looks at the newest 2000, a hundred a time."""
    return await Census(redis).read()


def _state(state: bytes | None, finished_at: bytes | None) -> CampaignState | None:
    """The state of a campaign that is not over; None of any other."""
    if not state or finished_at or state == CampaignState.FINISHED.encode():
        return None
    return CampaignState(state.decode())


def _by_state(tally: Fields) -> dict[State, int]:
    found = counts(tally)
    return {state: found[state] for state in State if found.get(state)}
