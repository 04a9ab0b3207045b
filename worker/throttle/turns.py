"""When each leased permit may leave, and until when: what is late is leased anew instead of sent.

Redis spaces the permits of a login evenly over all processes. A process that stands still (a busy machine, a long
collection of garbage) would send what it holds when it wakes up, on top of what the others send on time; nobody but
the provider would see the sum. So a permit is good for a moment only, counted from when Redis gave it.
"""

from collections import deque
from typing import Final, NamedTuple

from worker.throttle.jitter import Jitter

_ANSWERS: Final = 64
"""Answers of which the quickest tells what Redis' clock shows; one that took longer may have lain about anywhere."""


class Turn(NamedTuple):
    """One permit's turn: not before `due`, lost after `closes` (monotonic seconds)."""

    due: float
    closes: float
    window: float


class Turns:
    """The turns of the permits that this process holds, earliest first. `lost`: how many came too late."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque()
        self._ahead: deque[float] = deque(maxlen=_ANSWERS)
        self._jitter = Jitter()
        self.lost = 0

    def told(self, window: float, now: float) -> float:
        """How late permits of this process may be, in windows of `window` seconds: what Redis is to be told `now`."""
        return self._jitter.told(now / window)

    def lease(
        self, permits: int, *, asked: float, answered: float, clock: float, opens_in: float, gap: float
    ) -> None:
        """Take in the permits of one answer: the first is due `opens_in` seconds after Redis' `clock` showed what the
        answer says, the next ones `gap` apart.

        When that was on this process' clock, the quickest of the last answers tells, whatever this one's way; it was
        after `asked` and before `answered` in any case, however wrong a clock is.
        """
        window = max(1.0, gap)
        self._jitter.known(answered / window)
        late = self._jitter.most(answered / window) * window
        self._ahead.append(answered - clock)
        first = min(max(clock + min(self._ahead), asked), answered) + opens_in
        for number in range(permits):
            due = first + number * gap
            self._turns.append(Turn(due, due + late, window))

    def next(self, now: float) -> Turn | None:
        """The earliest turn that can still be kept, taken out. None when there is none."""
        while self._turns:
            turn = self._turns.popleft()
            if max(now, turn.due) <= turn.closes:
                return turn
            self.is_kept(turn, max(now, turn.due))
        return None

    def is_kept(self, turn: Turn, now: float) -> bool:
        """Whether a permit leaves in its turn; how late it is is learnt from."""
        self._jitter.note(max(0.0, now - turn.due) / turn.window, now / turn.window)
        is_kept = now <= turn.closes
        self.lost += not is_kept
        return is_kept

    def drop(self, permits: int) -> None:
        """So many permits are not used: the last ones."""
        for _ in range(min(permits, len(self._turns))):
            self._turns.pop()

    def any(self) -> bool:
        """Whether one has not been looked at."""
        return bool(self._turns)
