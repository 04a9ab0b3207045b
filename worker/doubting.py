"""When requests of one account that leave only doubt are too many in a row: nothing more may be sent then. Pure.

A provider that answers rubbish to everything (a maintenance page with status 200), or never, would make every
message uncertain, one after the other. So after some of them in a row the account is closed, and then tried with
one request at a time, by whichever process comes first (`throttle/lua/admit.lua`): a request that was admitted as
such a trial decides alone.
"""

import math
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from worker.providers.outcomes import Block, Outcome, RouteBlocked, Uncertain

_HEAVY: Final = 25
"""Messages for which a request counts once: what five requests of a hundred leave in doubt is enough."""


class Finding(Enum):
    """What the outcomes of one request mean for its account."""

    DOUBT = auto()  # nothing more may be sent until a trial has gone well
    TRUST = auto()  # a trial has: answers can be read again


class Doubting:
    """Counts what one process sees of one account. All times are of one clock, seconds.

    After requests of a weight of `after` in a row that ended in nothing but doubt, or after one that was a trial,
    `take` finds doubt. Any answer that tells something ends the row, a refusal too.
    """

    def __init__(self, after: int) -> None:
        self._after = after
        self._row = 0
        self._closed_at = -math.inf

    def take(
        self, outcomes: Sequence[Outcome], *, left_at: float, now: float, trial_at: float | None
    ) -> Finding | None:
        """Take in one request's outcomes. It left at `left_at`; what leaves from `trial_at` on is a trial.

        What had left before the account was closed adds nothing to the doubt: it was doubtful already.
        """
        is_trial = trial_at is not None and left_at >= trial_at
        if not isinstance(outcomes[0], Uncertain) or not all(isinstance(each, Uncertain) for each in outcomes):
            if _tells_nothing(outcomes[0]):
                return None
            self._row = 0
            return Finding.TRUST if is_trial else None
        if left_at < self._closed_at:
            return None
        self._row += math.ceil(len(outcomes) / _HEAVY)
        if not is_trial and self._row < self._after:
            return None
        self._row, self._closed_at = 0, now
        return Finding.DOUBT


def _tells_nothing(outcome: Outcome) -> bool:
    """No connection: nothing is in doubt, and nobody has answered either."""
    return isinstance(outcome, RouteBlocked) and outcome.block is Block.UNREACHABLE
