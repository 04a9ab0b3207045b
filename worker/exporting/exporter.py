"""The story of one account's exports: wishes -> task list -> file -> rows as reports, each step recorded.

One process works for an account at a time, by a lease. Whatever is recorded as begun is gone on with by
the next process: a whole file from the row it was applied through, anything else from its beginning.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import structlog
from redis.exceptions import RedisError

from producer.contract.exports import ExportRecord, ExportState, Manner
from worker.asking import Asker
from worker.digesting import digested
from worker.exporting.applying import RowApplier
from worker.exporting.book import ExportBook
from worker.exporting.expiring import bare, due, remove, sweep, unlisted
from worker.exporting.fetching import Attempt, Fetcher, NotFetched
from worker.exporting.files import Kept, StorageError, is_same
from worker.exporting.lease import Lease
from worker.exporting.shape import Shapeless
from worker.exporting.wishing import Decided, decide
from worker.providers.exports import Exports, ExportTask
from worker.providers.reports import Refused
from worker.settings import Account
from worker.throttle import TooSoonError

_IDLE: Final = 2.0
_AFTER_ERROR: Final = 5.0
_MOST_PAUSE: Final = 300.0
_SWEEP_EVERY: Final = 3600.0

log = structlog.get_logger(__name__)


class Exporter:
    """Exports for one account. `folder` is where files are kept; `poll_every` the least seconds between lists,
    `keep_for` those for which files and records are kept after their end.
    """

    def __init__(  # noqa: PLR0913 - the parts of one account, wired in one place
        self,
        *,
        account: Account,
        exports: Exports,
        asker: Asker,
        fetcher: Fetcher,
        applier: RowApplier,
        book: ExportBook,
        lease: Lease,
        folder: Path,
        poll_every: float,
        keep_for: float,
    ) -> None:
        self.account = account
        self.book = book
        self._exports = exports
        self._asker = asker
        self._fetcher = fetcher
        self._applier = applier
        self._lease = lease
        self._folder = folder
        self._poll_every = poll_every
        self._keep_for = keep_for
        self._swept_at = -_SWEEP_EVERY
        self._pause = poll_every
        self._listed_at = -poll_every
        self._not_before = 0.0
        self._seen: Mapping[str, Manner] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                pause = await self.step()
            except (RedisError, OSError) as error:
                log.warning("exporter_waits_for_redis", error=type(error).__name__)
                pause = _AFTER_ERROR
            await asyncio.sleep(pause)

    async def release(self) -> None:
        """Give the lease up."""
        await self._lease.release()

    async def step(self) -> float:
        """Do what there is to do; after how many seconds to look again."""
        wishes: Mapping[str, Manner] = await self.book.wishes()
        known = (await self.book.records()).values()
        records = [record for record in known if not record.state.is_over]
        before = time.time() - self._keep_for
        await self._sweep(records, before)
        if not (wishes or records or due(known, before)) or not await self._lease.take():
            return _IDLE
        async with self._lease.held():
            for record in due(known, before):
                await self._expire(record)
            wishes = await self._forget(wishes)
            for record in records:
                if record.state is ExportState.APPLYING:
                    await self._apply(record)
            if not wishes and all(record.state is ExportState.APPLYING for record in records):
                return 0.0
            if wishes != self._seen:
                self._pause, self._seen = self._poll_every, wishes
            return await self._look(wishes)

    async def _forget(self, wishes: Mapping[str, Manner]) -> Mapping[str, Manner]:
        """Drop the records of failed tasks that are wished away; the wishes that are left."""
        away = {task: manner for task, manner in wishes.items() if manner is Manner.FORGET}
        if away:
            records = await self.book.records()
            failed = [number for number, record in records.items() if record.state is ExportState.FAILED]
            await self.book.forget(number for number in failed if str(number) in away)
            await self.book.granted(away)
        return {task: manner for task, manner in wishes.items() if task not in away}

    async def _expire(self, record: ExportRecord) -> None:
        """Where the clock asks for every task there is, a bare record stays for as long as the provider lists it."""
        try:
            if record.file:
                await asyncio.to_thread(remove, Path(record.file))
        except StorageError as error:
            log.warning("export_file_stays", account=self.account.name, task=record.task, why=str(error))
        if self.account.exports:
            await self.book.save(bare(record))
        else:
            await self.book.forget([record.task])
        log.info("export_expired", account=self.account.name, task=record.task)

    async def _sweep(self, records: Sequence[ExportRecord], before: float) -> None:
        """Delete old files of this host that no record tells of, now and then."""
        if time.monotonic() - self._swept_at < _SWEEP_EVERY:
            return
        self._swept_at = time.monotonic()
        in_use = {record.file for record in records}
        try:
            gone = await asyncio.to_thread(sweep, self._folder, self.account.name, before, in_use)
        except StorageError as error:
            log.warning("export_files_stay", account=self.account.name, why=str(error))
        else:
            log.debug("export_files_swept", account=self.account.name, files=gone)

    # --- the list of tasks -------------------------------------------------------------------------

    async def _look(self, wishes: Mapping[str, Manner]) -> float:
        """Take the list, when it is time for it, and act on it."""
        wait = max(self._listed_at + self._pause, self._not_before) - time.monotonic()
        if wait > 0:
            return min(wait, _IDLE)
        self._listed_at = time.monotonic()
        self._pause = min(self._pause * 2, _MOST_PAUSE)
        tasks = await self._tasks()
        if tasks is None:
            return _IDLE
        await self.book.forget(unlisted(await self.book.records(), {task.id for task in tasks}))
        decided = decide(await self.book.records(), tasks, wishes, now=int(time.time()))
        for record in decided.changed:
            await self.book.save(record)
        await self.book.granted(wishes)
        await self._work(decided)
        return _IDLE

    async def _tasks(self) -> Sequence[ExportTask] | None:
        """What the provider lists, or None when it cannot be had now."""
        request = self._exports.build_list(self.account.credentials)
        try:
            answer = await self._asker.ask(request)
        except TooSoonError as error:
            self._not_before = time.monotonic() + error.retry_in
            return None
        if answer is None:
            return None
        match await digested(self._exports.read_list, answer):
            case Refused() as refusal:
                await self._asker.refused(request.call, refusal)
                return None
            case tasks:
                return tasks

    async def _work(self, decided: Decided) -> None:
        for record in decided.ready:
            self._pause = self._poll_every
            await self._export(record)
        for record in decided.whole:
            await self._apply(record)

    # --- one task ------------------------------------------------------------------------------------

    async def _export(self, record: ExportRecord) -> None:
        """From a task that is ready to its end."""
        record = await self.book.save(record, state=ExportState.DOWNLOADING)
        path = self._folder / f"{self.account.name}-{record.task}.csv"

        async def tell(attempt: Attempt) -> None:
            nonlocal record
            words = attempt.words or (record.words if attempt.number == record.attempts else "")
            record = await self.book.save(record, attempts=attempt.number, fetched=attempt.fetched, words=words)

        match await self._fetcher.fetch(record.task, path, tell):
            case NotFetched(words=words):
                await self._failed(record, words)
            case Kept() as kept:
                log.info("export_downloaded", account=self.account.name, task=record.task, bytes=kept.size)
                await self._apply(await self.book.save(_downloaded(record, kept)))

    async def _apply(self, record: ExportRecord) -> None:
        """Apply a whole file from where the record says; a file that is not the recorded one is fetched again."""
        try:
            if not await is_same(Path(record.file), record.sha256):
                await self.book.save(record, state=ExportState.WANTED, words="its file has changed since")
                return
            applied = await self._applier.apply(record)
        except StorageError as error:
            await self._failed(record, f"the file cannot be read: {error}")
            return
        match applied:
            case Shapeless(words=words):
                await self._failed(record, f"the file cannot be read: {words}")
            case done:
                await self._done(done)

    async def _done(self, record: ExportRecord) -> None:
        record = await self.book.save(record, state=ExportState.DONE, words="")
        log.info(
            "export_applied",
            account=self.account.name,
            task=record.task,
            rows=record.rows,
            matched=record.matched,
            unknown=record.unknown,
            bad=record.bad,
        )

    async def _failed(self, record: ExportRecord, words: str) -> None:
        log.warning("export_failed", account=self.account.name, task=record.task)
        await self.book.save(record, state=ExportState.FAILED, words=words[:300])


def _downloaded(record: ExportRecord, kept: Kept) -> ExportRecord:
    """The record of a whole file of which no row is applied yet."""
    return ExportRecord(
        task=record.task,
        state=ExportState.APPLYING,
        name=record.name,
        status=record.status,
        attempts=record.attempts,
        fetched=kept.size,
        file=str(kept.path),
        size=kept.size,
        sha256=kept.sha256,
        asked_at=record.asked_at,
        downloaded_at=int(time.time()),
    )
