"""How a lowered rate recovers: worker/throttle/lua/admit.lua does it, this is for those who only read its hash."""

from typing import Final

RECOVERY: Final = 0.02
"""Share of the ceiling that a lowered rate regains a second."""


def effective_rate(ceiling: float, stored: float | None, stored_at: float | None, now: float) -> float:
    """Requests a second that a login lets through at `now`, from what was stored at `stored_at` (unix seconds).

    Before the first request nothing is stored: then it is the ceiling.
    """
    if stored is None or stored_at is None:
        return ceiling
    return min(ceiling, stored + ceiling * RECOVERY * max(0.0, now - stored_at))
