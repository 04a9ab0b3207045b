"""Sampling every account for the charts: its totals and gauges as they stand, into rings of fixed size."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from producer.contract import keys
from producer.contract.campaigns import CampaignState, Lane
from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.contract.recovery import Stored, effective_rate
from producer.contract.series import COUNTERS, LIFE, OPEN_STATES, RINGS, Sample
from producer.contract.states import State
from producer.directory import AccountEntry, accounts

_LAST: Final = 1999


class Sampler:
    """Samples the announced accounts. One process should, and two at once do no harm: they write the same slots."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def step(self) -> int:
        """Take one sample of each account and write it into its rings; how many accounts there are.

        Five round trips. What it costs grows with the campaigns (the newest 2000 are looked at), never with their
        messages. Redis errors are raised as they come: a sample is lost, the next one is another.
        """
        entries = list((await accounts(self._redis)).values())
        samples = await self._samples(entries)
        async with self._redis.pipeline(transaction=False) as pipe:
            for entry, sample in zip(entries, samples, strict=True):
                packed = sample.pack()
                for span, ring in RINGS.items():
                    pipe.setrange(keys.series(entry.name, span), ring.size - 1, b"\0")
                    pipe.setrange(keys.series(entry.name, span), ring.offset(sample.at), packed)
                    pipe.expire(keys.series(entry.name, span), LIFE)
            await pipe.execute()
        return len(entries)

    async def _samples(self, entries: Sequence[AccountEntry]) -> list[Sample]:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            for entry in entries:
                pipe.hmget(keys.totals(entry.name), COUNTERS)
                pipe.hmget(keys.throttle(entry.login), ["rate", "rate_at", "set", "slowed_at"])
                pipe.hmget(keys.limits(entry.login), ["rate"])
                pipe.hmget(keys.account(entry.name), ["balance"])
                for lane in Lane:
                    pipe.zrangebyscore(keys.queue(entry.name, lane), 1, "+inf", start=0, num=1, withscores=True)
            (seconds, microseconds), *answers = await pipe.execute()
        now = seconds + microseconds / 1e6
        each = 4 + len(Lane)
        found = [answers[index * each : (index + 1) * each] for index in range(len(entries))]
        states = await self._states()
        return [
            Sample(
                at=seconds,
                counters={name: int(count or 0) for name, count in zip(COUNTERS, totals, strict=True)},
                gauges={state: float(states[entry.name, state]) for state in OPEN_STATES}
                | _gauges(entry.rate, limit, now, rate, balance, firsts),
            )
            for entry, (totals, rate, [limit], [balance], *firsts) in zip(entries, found, strict=True)
        ]

    async def _states(self) -> Counter[tuple[str, State]]:
        """Open messages by account and state, added up over the campaigns that are not over."""
        names = [CampaignId(name.decode()) for name in await self._redis.zrange(keys.CAMPAIGNS, 0, _LAST, desc=True)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(keys.campaign(name), ["account", "state", "finished_at"])
            heads = await pipe.execute()
        running = {
            name: account.decode()
            for name, (account, state, finished_at) in zip(names, heads, strict=True)
            if account and not finished_at and state != CampaignState.FINISHED.encode()
        }
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in running:
                pipe.hmget(keys.counts(name), OPEN_STATES)
            tallies = await pipe.execute()
        found: Counter[tuple[str, State]] = Counter()
        for account, tally in zip(running.values(), tallies, strict=True):
            for state, count in zip(OPEN_STATES, tally, strict=True):
                found[account, state] += int(count or 0)
        return found


def _gauges(
    configured: float,
    limit: bytes | None,
    now: float,
    rate: Sequence[bytes | None],
    balance: bytes | None,
    firsts: Sequence[Sequence[tuple[bytes, float]]],
) -> dict[str, float]:
    stored, stored_at, was_set, slowed_at = (float(value) if value else None for value in rate)
    known = Stored(rate=stored, at=_seconds(stored_at), set=was_set, slowed_at=_seconds(slowed_at))
    by_operator = float(limit) if limit else None
    ceiling = by_operator or configured
    gauges = {
        "rate": effective_rate(ceiling, known, now, limit=by_operator),
        "ceiling": ceiling,
        "oldest": max([0.0, *(now - score / 1000 for first in firsts for _, score in first)]),
    }
    return gauges | ({"balance": float(balance)} if balance else {})


def _seconds(milliseconds: float | None) -> float | None:
    return milliseconds / 1000 if milliseconds else None
