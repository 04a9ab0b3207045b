"""Applying exports and what is to be done with one: crashes between batches, decisions, the lease."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from producer.contract.exports import ALL, ExportRecord, ExportState, Manner
from tests.worker.exported import FILE, HEADER, SMSC
from tests.worker.scene import Scene
from worker.exporting.applying import RowApplier
from worker.exporting.book import ExportBook
from worker.exporting.lease import Lease
from worker.exporting.wishing import Decided, decide
from worker.providers.exports import ExportTask, TaskStage
from worker.providers.reports import Report
from worker.tracking import Applied, Tracker


@dataclass
class CountingTracker:
    """Keeps the references it was given; every tenth is ours. `stop_after` batches it is cancelled."""

    seen: list[str] = field(default_factory=list)
    batches: int = 0
    stop_after: int = 0

    async def apply(self, reports: tuple[Report, ...], *, shelve: bool = True) -> Applied:
        assert not shelve
        self.batches += 1
        if self.batches == self.stop_after:
            raise asyncio.CancelledError
        self.seen += [report.reference for report in reports]
        ours = sum(1 for report in reports if report.reference.endswith("0"))
        return Applied(moved=ours, unchanged=0, unknown=len(reports) - ours)


def applying(stage: Scene, tracker: CountingTracker | Tracker) -> tuple[RowApplier, ExportBook]:
    book = ExportBook(stage.redis, stage.account.name)
    return RowApplier(stage.account, SMSC, tracker, book, stage.book), book  # type: ignore[arg-type]


def begun(path: Path) -> ExportRecord:
    return ExportRecord(task=1, state=ExportState.APPLYING, file=str(path), size=len(FILE))


async def test_a_crash_between_batches_goes_on_where_it_was(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(HEADER + b"".join(b"v%d;%d;1\n" % (row, 79_000_000_000 + row) for row in range(5_210)))
    tracker = CountingTracker(stop_after=4)
    applier, book = applying(stage, tracker)
    monkeypatch.setattr("worker.exporting.applying._AT_ONCE", 500)
    with pytest.raises(asyncio.CancelledError):
        await applier.apply(begun(path))
    record = (await book.records())[1]
    assert (record.rows, record.matched, record.unknown) == (1500, 150, 1350)
    done = await applier.apply(record)
    assert isinstance(done, ExportRecord)
    assert (done.rows, done.matched, done.unknown, done.bad) == (5210, 521, 4689, 0)
    assert tracker.seen == [f"v{row}" for row in range(5_210)]


async def test_the_event_loop_is_not_held_up_while_rows_are_read(stage: Scene, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(FILE[: 50_000 * 20])
    applier, _ = applying(stage, CountingTracker())
    late: list[float] = []

    async def watch() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            late.append(time.thread_time() - began)

    watching = asyncio.create_task(watch())
    await applier.apply(begun(path))
    watching.cancel()
    late.sort()
    assert late[int(len(late) * 0.999)] < 0.02, "one turn of the loop in a thousand took more of the processor"


# --- what is to be done ------------------------------------------------------------------------------------


def listed(number: int, stage: TaskStage) -> ExportTask:
    return ExportTask(id=number, name="march", status=2, stage=stage, words="so")


PENDING, READY, OVER = (listed(number, stage) for number, stage in enumerate(TaskStage, 1))
DONE = ExportRecord(task=2, state=ExportState.DONE, file="f", sha256="s", rows=9)
FAILED = replace(DONE, state=ExportState.FAILED)


def decided(wishes: dict[str, Manner], *records: ExportRecord) -> Decided:
    return decide({record.task: record for record in records}, [PENDING, READY, OVER], wishes, now=5)


def test_the_clocks_wish_takes_every_task_that_has_or_will_have_a_file() -> None:
    found = decided({ALL: Manner.ONCE})
    assert [(record.task, record.state) for record in found.changed] == [(1, "wanted"), (2, "wanted")]
    assert [record.task for record in found.ready] == [2]


@pytest.mark.parametrize("record", [DONE, FAILED])
def test_the_clock_leaves_what_has_ended(record: ExportRecord) -> None:
    found = decided({ALL: Manner.ONCE}, record)
    assert [record.task for record in found.changed] == [1]


def test_a_person_may_have_a_failed_file_applied_again_without_another_download() -> None:
    found = decided({"2": Manner.RETRY}, FAILED)
    assert [(record.state, record.file, record.rows) for record in found.whole] == [("applying", "f", 0)]
    assert found.ready == ()


def test_again_means_another_download() -> None:
    found = decided({"2": Manner.AGAIN}, DONE)
    assert [(record.task, record.file) for record in found.ready] == [(2, "")]


def test_a_file_without_rows_is_fetched_anew_when_a_person_asks_and_not_by_the_clock() -> None:
    """It was downloaded before the provider had filled it, and stayed empty until somebody thought of --again."""
    empty = replace(DONE, rows=0)
    assert [(record.task, record.file) for record in decided({"2": Manner.RETRY}, empty).ready] == [(2, "")]
    assert [record.task for record in decided({ALL: Manner.RETRY}, empty).ready] == [2]
    assert decided({ALL: Manner.ONCE}, empty).ready == ()
    assert decided({"2": Manner.RETRY}, replace(DONE, rows=1)).ready == ()


def test_a_download_that_a_crash_ended_is_ready_again() -> None:
    found = decided({}, replace(DONE, state=ExportState.DOWNLOADING))
    assert [record.task for record in found.ready] == [2]


def test_an_open_task_that_the_provider_gave_up_has_failed() -> None:
    gone = ExportRecord(task=9)
    found = decided({}, ExportRecord(task=3), gone)
    assert [(record.task, record.state) for record in found.changed] == [(3, "failed"), (9, "failed")]


# --- the lease ---------------------------------------------------------------------------------------------


async def test_one_process_exports_at_a_time(stage: Scene) -> None:
    first, second = (Lease(stage.redis, stage.account.name, name) for name in ("one", "two"))
    assert await first.take()
    assert await first.take()
    assert not await second.take()
    await second.release()
    assert not await second.take()
    await first.release()
    assert await second.take()
    await second.release()
