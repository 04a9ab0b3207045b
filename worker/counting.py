"""Counting what reports move, and how long messages took: gathered in memory, written with the heartbeat."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from producer.contract.counters import DELIVERY, reported
from producer.contract.messages import AccountName, Reference
from producer.contract.states import State
from worker.ledger import Evidence, LedgerReader
from worker.ledger.accounts import AccountBook

_MEASURED: Final = 100
"""Durations that are taken between two flushes; they cost a look at each reference."""

Moved = tuple[Evidence, State | None, bool]


class ReportCounter:
    """Counts for one account. `take` costs no round trip, `flush` two however much was taken.

    A process that dies loses what it counted since its last flush, a second at most.
    """

    def __init__(
        self, account: AccountName, reader: LedgerReader, book: AccountBook, *, reference_life: float
    ) -> None:
        self._account = account
        self._reader = reader
        self._book = book
        self._reference_life = reference_life
        self._totals: Counter[str] = Counter()
        self._ended: dict[Reference, None] = {}

    def take(self, answers: Sequence[Moved]) -> None:
        """Take in what the ledger answered to evidence: per item its state and whether it moved."""
        for evidence, state, has_moved in answers:
            if has_moved and state is not None:
                self._totals[reported(state)] += 1
                if state.is_final and evidence.reference and len(self._ended) < _MEASURED:
                    self._ended[evidence.reference] = None

    def stale(self) -> None:
        """Take in an outcome that came when another attempt held its message."""
        self._totals["stale"] += 1

    async def flush(self) -> None:
        """Write what was gathered. Redis errors are raised as they come, and lose it."""
        totals, self._totals = self._totals, Counter()
        ended, self._ended = list(self._ended), {}
        if ended:
            for left in (await self._reader.lives(self._account, ended)).values():
                seconds = max(0.0, self._reference_life - left)  # a reference lives from its claim on
                totals[DELIVERY.bucket(seconds)] += 1
                totals["delivery_s"] += round(seconds)
        await self._book.add(self._account, totals)
