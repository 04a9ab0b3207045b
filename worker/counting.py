"""Counting what reports move, and how long messages took: gathered in memory, written with the heartbeat.

Where messages are traced, their reports are told to the witness on the same occasion.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from producer.contract.counters import DELIVERY, reported
from producer.contract.messages import AccountName, Reference
from producer.contract.states import State
from worker.ledger import Evidence, LedgerReader
from worker.ledger.accounts import AccountBook
from worker.tracing.witness import Reported, Witness

_MEASURED: Final = 100
"""Durations that are taken between two flushes; they cost a look at each reference."""

_TRACED: Final = 1000
"""Reports that are traced between two flushes; further ones are not, and their traces stay without a root."""

_NANOSECONDS: Final = 1_000_000_000

Moved = tuple[Evidence, State | None, bool]


class ReportCounter:
    """Counts for one account. `take` costs no round trip, `flush` two however much was taken.

    A process that dies loses what it counted since its last flush, a second at most.
    """

    def __init__(
        self,
        account: AccountName,
        reader: LedgerReader,
        book: AccountBook,
        *,
        reference_life: float,
        witness: Witness | None = None,
    ) -> None:
        self._account = account
        self._reader = reader
        self._book = book
        self._reference_life = reference_life
        self._totals: Counter[str] = Counter()
        self._witness = witness
        self._ended: dict[Reference, None] = {}
        self._traced: list[tuple[Reference, Reported]] = []

    def take(self, answers: Sequence[Moved]) -> None:
        """Take in what the ledger answered to evidence: per item its state and whether it moved."""
        for evidence, state, has_moved in answers:
            if has_moved and state is not None:
                self._totals[reported(state)] += 1
                if state.is_final and evidence.reference and len(self._ended) < _MEASURED:
                    self._ended[evidence.reference] = None
                if self._witness is not None:
                    self._trace(self._witness, evidence, state)

    def stale(self) -> None:
        """Take in an outcome that came when another attempt held its message."""
        self._totals["stale"] += 1

    async def flush(self) -> None:
        """Write what was gathered. Redis errors are raised as they come, and lose it."""
        totals, self._totals = self._totals, Counter()
        ended, self._ended = self._ended, {}
        traced, self._traced = self._traced, []
        ages = await self._ages([*ended, *(reference for reference, _ in traced if reference)])
        for reference in ended:
            if reference in ages:
                totals[DELIVERY.bucket(ages[reference])] += 1
                totals["delivery_s"] += round(ages[reference])
        if self._witness is not None:
            self._witness.reported([_since(item, ages.get(reference)) for reference, item in traced])
        await self._book.add(self._account, totals)

    async def _ages(self, references: Sequence[Reference]) -> Mapping[Reference, float]:
        """Seconds since the claims of submissions; a reference lives from its claim on."""
        if not references:
            return {}
        lives = await self._reader.lives(self._account, list(dict.fromkeys(references)))
        return {reference: max(0.0, self._reference_life - left) for reference, left in lives.items()}

    def _trace(self, witness: Witness, evidence: Evidence, state: State) -> None:
        if len(self._traced) < _TRACED and witness.wants(evidence.message):
            item = Reported(
                message=evidence.message, account=self._account, state=state, code=evidence.code, at=time.time_ns()
            )
            self._traced.append((evidence.reference, item))


def _since(item: Reported, age: float | None) -> Reported:
    return item if age is None else replace(item, claimed_at=min(item.at, time.time_ns() - int(age * _NANOSECONDS)))
