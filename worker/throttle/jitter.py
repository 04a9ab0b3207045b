"""How late a permit may leave: more on a busy machine, and so much less of the rate for everybody.

A permit that leaves late bunches up with the later ones of other processes. What may be late by a hundredth of a
second costs a hundredth of the rate and more, because a second may then hold the permits of so much more time; what
is too late costs a permit, because it is leased anew. A process chooses what costs less, by how late it was lately.
"""

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

STEPS: Final = (0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.16)
"""What may be chosen. The share of the rate in reserve covers the first."""

_COST: Final = 1.5
"""What a step costs of the rate, as a multiple of it: half as much again is for the way to the provider."""

_SEEN: Final = 200
_SEEN_FOR: Final = 10.0
_ENOUGH: Final = 20
"""What was seen of a process is that of its last permits, in its last windows. Of fewer nothing is learnt."""

_HOLD: Final = 1.3
"""For so many windows the second step of a change waits: what leaves before counts for one, and was leased before."""


def cheapest(seen: Sequence[float]) -> float:
    """The step of STEPS that costs least of the rate: what it takes, and the share of what was seen to be later."""
    return min(STEPS, key=lambda step: _COST * step + sum(late > step for late in seen) / max(len(seen), 1))


class Jitter:
    """What one process allows itself (`most`), and what all are told of it (`told`, never less).

    Told first and allowed later, or forbidden first and told later: a change takes two steps, a while apart, and no
    other begins meanwhile. Times and lateness are in windows of the provider's rule: seconds, or the time of one
    request where that is longer.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque(maxlen=_SEEN)
        self._told = self._most = STEPS[0]
        self._since = math.inf  # when the first step of a change was made, and is known of
        self._looked_at = -math.inf
        self._is_falling = False

    def note(self, late: float, now: float) -> None:
        """A permit could leave at `now`, so late."""
        self._seen.append((now, late))

    def told(self, now: float) -> float:
        """What a request to the throttle at `now` tells: the most that any permit is late now or soon may be."""
        if self._most < self._told and self._is_falling and now - self._since >= _HOLD:
            self._told = self._most
        if self._most == self._told and now - self._looked_at >= 1.0:
            self._looked_at = now
            seen = [late for at, late in self._seen if now - at <= _SEEN_FOR]
            self._choose(cheapest(seen) if len(seen) >= _ENOUGH else STEPS[0], now)
        return self._told

    def known(self, now: float) -> None:
        """The throttle has answered what was told."""
        if not self._is_falling and self._most < self._told:
            self._since = min(self._since, now)

    def most(self, now: float) -> float:
        """How late a permit that is leased at `now` may be: never more than all have known of for a whole window."""
        if not self._is_falling and now - self._since >= _HOLD:
            self._most = self._told
        return self._most

    def _choose(self, wanted: float, now: float) -> None:
        self._is_falling = wanted < self._told
        if self._is_falling:
            self._most, self._since = wanted, now
        elif wanted > self._told:
            self._told, self._since = wanted, math.inf
