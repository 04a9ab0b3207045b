"""Applying a whole file: its rows go through the one door as delivery reports, two thousand at a time.

After each batch the record says how far that was, so that a crash goes on there; a batch that was applied
and not recorded is applied again, which is harmless.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

import structlog

from producer.contract.exports import ExportRecord
from worker.exporting.book import ExportBook
from worker.exporting.files import stored
from worker.exporting.rows import Batch, RowFile
from worker.exporting.shape import BLOCK, Shape, Shapeless, shape_of
from worker.ledger.accounts import AccountBook
from worker.providers.exports import Exports
from worker.settings import Account
from worker.tracking import Tracker

_AT_ONCE: Final = 2000

log = structlog.get_logger(__name__)


class RowApplier:
    """Applies the files of one account. Rows of unknown submissions are counted and not shelved: others use the
    login too, and our own are known before they leave (`Family.own_reference`).
    """

    def __init__(
        self, account: Account, exports: Exports, tracker: Tracker, book: ExportBook, accounts: AccountBook
    ) -> None:
        self._account = account
        self._exports = exports
        self._tracker = tracker
        self._book = book
        self._accounts = accounts

    async def apply(self, record: ExportRecord) -> ExportRecord | Shapeless:
        """Apply the rows of `record.file` from `record.offset` on; the record with all of them counted.

        Raises StorageError when the file cannot be read.
        """
        path = Path(record.file)
        shape = await self.shape(path)
        if isinstance(shape, Shapeless):
            return shape
        record = await self._book.save(record, encoding=shape.encoding, offset=max(record.offset, shape.rows_at))
        rows = await asyncio.to_thread(stored, lambda: RowFile(path, shape, record.offset, self._exports.row))
        with rows:
            while not (batch := await asyncio.to_thread(stored, lambda: rows.batch(_AT_ONCE))).is_end:
                record = await self._take(record, batch)
            return await self._take(record, batch)

    async def shape(self, path: Path) -> Shape | Shapeless:
        """What the file is like, by its beginning, our own words for its columns and the account's."""

        def beginning() -> bytes:
            with path.open("rb") as file:
                return file.read(BLOCK)

        chosen = self._account.export_columns
        names = {role: (chosen[role],) if role in chosen else known for role, known in self._exports.headers.items()}
        return shape_of(await asyncio.to_thread(stored, beginning), names)

    async def _take(self, record: ExportRecord, batch: Batch) -> ExportRecord:
        applied = await self._tracker.apply(batch.reports, shelve=False)
        if applied.moved:
            await self._accounts.note_report(self._account.name)
        counted = replace(
            record,
            rows=record.rows + batch.rows,
            matched=record.matched + applied.moved + applied.unchanged,
            moved=record.moved + applied.moved,
            unknown=record.unknown + applied.unknown,
            bad=record.bad + batch.bad,
            first_bad=record.first_bad or batch.first_bad,
            offset=batch.offset,
        )
        return await self._book.save(counted)
