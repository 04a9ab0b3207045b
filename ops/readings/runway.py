"""How long the balance of each account lasts at the speed it fell during the last hour."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from ops.readings.fields import read_clock
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.series import RINGS, SLOT, Sample, Span

_STEP: Final = 600
_STEPS: Final = 6

Seen = tuple[float, float]  # unix time, balance


async def read_runways(redis: Client, accounts: Iterable[AccountName]) -> dict[AccountName, float]:
    """Seconds that balances last; accounts where nothing is known, or nothing was spent, are left out.

    Two round trips, a few hundred bytes for each of the last hour's six steps and the minute that is over.
    """
    names = list(accounts)
    now = int((await read_clock(redis)).timestamp())
    ring = RINGS[Span.DAY]
    moments = [now - step * _STEP - ring.step for step in range(_STEPS, -1, -1)]
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            for moment in moments:
                start = ring.offset(moment)
                pipe.getrange(keys.series(name, Span.DAY), start, start + SLOT - 1)
        answers = iter(await pipe.execute())
    found = {name: lasts([seen for at in moments if (seen := _seen(next(answers), at))]) for name in names}
    return {name: seconds for name, seconds in found.items() if seconds is not None}


def lasts(balances: Sequence[Seen]) -> float | None:
    """Seconds that the newest of these balances (oldest first) lasts, top-ups aside; None where none is spent."""
    if len(balances) < 2:
        return None
    fallen = sum(max(0.0, before - after) for (_, before), (_, after) in pairwise(balances))
    passed = balances[-1][0] - balances[0][0]
    return max(0.0, balances[-1][1]) * passed / fallen if fallen else None


def _seen(packed: bytes, moment: int) -> Seen | None:
    ring = RINGS[Span.DAY]
    sample = Sample.unpack(packed) if len(packed) == SLOT else None
    if sample is None or sample.at // ring.step != moment // ring.step or "balance" not in sample.gauges:
        return None
    return sample.at, sample.gauges["balance"]
