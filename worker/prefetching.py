"""Requests prepared a little ahead of the wire, so that no slot waits for a round trip or a rendering.

What is held here is taken, not claimed: a crash loses nothing (the jobs come back by themselves, see
`engine.queues`), and pause, cancel and validity still act, because the claim asks for them.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from msgspec import Struct

from producer.contract.campaigns import Lane
from producer.contract.messages import CampaignId
from worker.engine import AccountQueues, Taken
from worker.preparing import Prepared, Preparer

_AHEAD: Final = 0.1
"""Seconds of the account's rate that are prepared ahead."""

_STALE: Final = 5.0
"""Seconds after which an unclaimed request is given back: well below the lease of its jobs."""

_MOST_TAKEN: Final = 2000

log = structlog.get_logger(__name__)


class Ahead(Struct, frozen=True, kw_only=True, gc=False):
    """A prepared request; `claimed_at` (monotonic) when its claim was sent and never answered."""

    prepared: Prepared
    prepared_at: float
    claimed_at: float | None = None


class Prefetch:
    """Takes and prepares for one account. `slots`: requests at once; `batch`: messages in a request;
    `rate`: requests a second at present.
    """

    def __init__(
        self, queues: AccountQueues, preparer: Preparer, *, slots: int, batch: int, rate: Callable[[], float]
    ) -> None:
        self._queues = queues
        self._preparer = preparer
        self._slots = slots
        self._batch = batch
        self._rate = rate
        self._waiting: deque[Ahead] = deque()

    def __len__(self) -> int:
        """How many requests are ready."""
        return len(self._waiting)

    @property
    def depth(self) -> int:
        """How many requests are worth holding."""
        return max(1, min(math.ceil(self._rate() * _AHEAD), 2 * self._slots))

    async def fill(self) -> None:
        """Take and prepare up to the depth; urgent messages also beyond it, and before all others.

        Many messages may turn out to need a request each: however much waits here, there is room for urgent ones.
        """
        await self._give_back(self._without_stale())
        room = self.depth - len(self._waiting)
        urgent = self.depth + max(room, -sum(map(_is_urgent, self._waiting)))
        if urgent <= 0:
            return
        most = min(max(room, 0) * self._batch, _MOST_TAKEN)
        ready = await self.prepare(await self._queues.take(most, urgent=min(urgent * self._batch, _MOST_TAKEN)))
        self._waiting.extend(ready)
        if any(map(_is_urgent, ready)):
            self._waiting = deque(sorted(self._waiting, key=_rank))

    async def prepare(self, jobs: Sequence[Taken]) -> list[Ahead]:
        """Prepare jobs without holding them; jobs without a message end."""
        if not jobs:
            return []
        prepared, lost = await self._preparer.prepare(jobs)
        if lost:
            log.warning("jobs_without_message", count=len(lost), first=str(lost[0].message))
            await self._queues.drop(lost)
        now = time.monotonic()
        return [Ahead(prepared=each, prepared_at=now) for each in prepared]

    def next(self, most: int) -> list[Ahead]:
        """Up to `most` requests, no longer held here. What may have been claimed comes by itself, a campaign at a
        time: a claim that fails for one campaign must not hold up the others.
        """
        first = _together(self._waiting[0]) if self._waiting else None
        taken: list[Ahead] = []
        while self._waiting and len(taken) < most and _together(self._waiting[0]) == first:
            taken.append(self._waiting.popleft())
        return taken

    def put_back(self, ahead: Iterable[Ahead]) -> None:
        """Requests that could not be claimed now are the next again."""
        self._waiting.extendleft(reversed(list(ahead)))

    def take_claimed(self) -> list[Ahead]:
        """What may have been claimed, no longer held here."""
        return self._taken_out(lambda ahead: ahead.claimed_at is not None)

    async def close(self) -> None:
        """Give everything back to its queue."""
        await self._give_back(self._taken_out(lambda _: True))

    def _without_stale(self) -> list[Ahead]:
        """What was held for too long, taken out. What may have been claimed stays: its claim must be asked again."""
        before = time.monotonic() - _STALE
        return self._taken_out(lambda ahead: ahead.prepared_at < before and ahead.claimed_at is None)

    def _taken_out(self, is_meant: Callable[[Ahead], bool]) -> list[Ahead]:
        meant = [ahead for ahead in self._waiting if is_meant(ahead)]
        if meant:
            self._waiting = deque(ahead for ahead in self._waiting if not is_meant(ahead))
        return meant

    async def _give_back(self, ahead: Sequence[Ahead]) -> None:
        jobs = [
            Taken(message=message, lane=each.prepared.claim.lane)
            for each in ahead
            for message in each.prepared.claim.messages
        ]
        if jobs:
            await self._queues.give_back(jobs)


def _together(ahead: Ahead) -> CampaignId | None:
    """What is claimed in one call: anything, but what may have been claimed by its campaign."""
    return ahead.prepared.claim.campaign if ahead.claimed_at is not None else None


def _is_urgent(ahead: Ahead) -> bool:
    return ahead.prepared.claim.lane is Lane.URGENT


def _rank(ahead: Ahead) -> tuple[bool, bool]:
    """Before all what may have been claimed, whose lease runs; then what is urgent; each in its order."""
    return ahead.claimed_at is None, not _is_urgent(ahead)
