"""How a lowered rate recovers: worker/throttle/lua/admit.lua does it, this is for those who only read its hash."""

from dataclasses import dataclass
from typing import Final

RECOVERY: Final = 0.02
"""Share of the ceiling that a lowered rate regains a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the hash of a throttle holds: the `rate` let through at `at`, the rate that an operator had `set` then
    (None: none), and when it was `slowed_at` last. Times are unix seconds, rates requests a second.
    """

    rate: float | None = None
    at: float | None = None
    set: float | None = None
    slowed_at: float | None = None


def effective_rate(ceiling: float, stored: Stored, now: float, *, limit: float | None = None) -> float:
    """Requests a second that a login lets through at `now`. `limit`: what an operator sets by now (None: nothing).

    Before the first request nothing is stored: then it is the ceiling. So it is where an operator has just set or
    taken back a limit, unless the provider has refused the speed a moment ago.
    """
    if stored.rate is None or stored.at is None:
        return ceiling
    if limit != stored.set and (stored.slowed_at is None or now - stored.slowed_at >= 1 / RECOVERY):
        return ceiling
    return min(ceiling, stored.rate + ceiling * RECOVERY * max(0.0, now - stored.at))
