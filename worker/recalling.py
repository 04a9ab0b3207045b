"""Recalling: what a look-up does not find is looked for in the provider's history, too, before it is sent again.

Both are asked after the grace time, the history last. Its requests are scarce and back-fill needs some, so that what
is to be recalled is gathered: the emptier a request would be, the longer it waits (`sharing`).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from producer.contract.messages import MessageId, Reference
from worker.asking import Asker
from worker.digesting import digested
from worker.due import Open
from worker.ledger import Journal, LedgerReader
from worker.providers.interface import Recall
from worker.providers.reports import Refused, Report
from worker.settings import Account
from worker.spacing import HistoryHour
from worker.throttle import TooSoonError

_MOST_PAGES: Final = 3
_MOST_MISSING: Final = 20_000
_DAY: Final = 86_400.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a turn gave: messages that the history does not have either, those it has, and reports about these.

    `waiting` were not looked for yet; `why` says why not.
    """

    absent: tuple[Open, ...] = ()
    present: tuple[Open, ...] = ()
    reports: tuple[Report, ...] = ()
    waiting: tuple[Open, ...] = ()
    why: str = ""


class Recaller:
    """Asks the history of one account. Called by the account's one reader. `hour`: its requests.

    What it holds in memory is asked about again when it is lost with its process.
    """

    def __init__(
        self,
        *,
        account: Account,
        recall: Recall,
        asker: Asker,
        reader: LedgerReader,
        journal: Journal,
        reference_life: float,
        hour: HistoryHour,
    ) -> None:
        self._account = account
        self._recall = recall
        self._asker = asker
        self._reader = reader
        self._journal = journal
        self._reference_life = reference_life
        self._missing: dict[tuple[MessageId, Reference], Open] = {}
        self._hour = hour
        self._most = recall.most

    async def step(self, missing: Sequence[Open]) -> Recalled:
        """Look for `missing`, which a look-up after the grace did not find, and for those that waited before them."""
        known = {(row.message, row.record.reference): row for row in missing}
        self._missing |= dict(list(known.items())[: max(0, _MOST_MISSING - len(self._missing))])
        rows = list(self._missing.values())[: self._most]
        if not rows:
            return Recalled()
        if (left := await self._hour.recall_in(len(rows) / self._recall.most)) > 0:
            return self._waiting(f"history requests are spaced: the next one in {left:.0f} s")
        reports = await self._reports(rows)
        if isinstance(reports, str):
            count = len(self._missing)
            log.warning("uncertain_not_confirmed", account=self._account.name, messages=count, why=reports)
            return self._waiting(reports)
        for row in rows:
            del self._missing[row.message, row.record.reference]
        self._most = min(self._most * 2, self._recall.most)
        return self._compared(rows, reports)

    def _compared(self, rows: Sequence[Open], reports: Sequence[Report]) -> Recalled:
        said = {(report.reference, report.msisdn): report for report in reversed(reports)}  # the newest of each
        present = tuple(row for row in rows if (row.record.reference, row.msisdn) in said)
        others = tuple(row for row in rows if (row.record.reference, row.msisdn) not in said)
        # under our reference to a number that was not asked for: perhaps the same one, spelled otherwise
        asked = {row.msisdn for row in rows}
        strange = {report.reference for report in reports if report.msisdn not in asked}
        return Recalled(
            absent=tuple(row for row in others if row.record.reference not in strange),
            present=present,
            reports=tuple(said[row.record.reference, row.msisdn] for row in present),
            waiting=(*self._missing.values(), *(row for row in others if row.record.reference in strange)),
            why="others come first",
        )

    def _waiting(self, why: str) -> Recalled:
        return Recalled(waiting=tuple(self._missing.values()), why=why)

    async def _reports(self, rows: Sequence[Open]) -> tuple[Report, ...] | str:
        """All that was sent to the numbers of `rows` since they were claimed, or why that cannot be known now."""
        msisdns = sorted({row.msisdn for row in rows})
        since, cursor = await self._since(rows), ""
        found: list[Report] = []
        for _ in range(_MOST_PAGES):
            request = self._recall.build(self._account.credentials, since, msisdns, cursor)
            try:
                answer = await self._asker.ask(request)
            except TooSoonError as wait:
                return str(wait)
            await self._hour.note_recall()
            if answer is None:
                return "the provider's history did not answer"
            await self._journal.write(self._account.name, request.call, answer.status, answer.body)
            page = await digested(self._recall.read, answer)
            if isinstance(page, Refused):
                self._ask_for_fewer()
                await self._asker.refused(request.call, page)
                return page.sentence
            found += [item for item in page.items if isinstance(item, Report)]
            if not page.more:
                return tuple(found)
            cursor = found[-1].cursor
        self._ask_for_fewer()
        return "the history of these numbers is too long"

    def _ask_for_fewer(self) -> None:
        self._most = max(1, self._most // 2)

    async def _since(self, rows: Sequence[Open]) -> datetime:
        """A day before the first of them was claimed: the provider's days are not ours."""
        now = time.time()
        lives = await self._reader.lives(self._account.name, [row.record.reference for row in rows])
        # a reference lives from its claim on
        claimed = [now - self._reference_life + (lives.get(row.record.reference) or 0.0) for row in rows]
        return datetime.fromtimestamp(min(claimed) - _DAY, UTC)
