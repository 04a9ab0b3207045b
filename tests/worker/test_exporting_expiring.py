"""Exports do not stay for ever: after the retention their files go, and their records when nobody needs them."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from producer.contract import keys
from producer.contract.exports import ALL, ExportRecord, ExportState, Manner
from tests.worker.plain import NAME, FakeAsker, plain_account
from tests.worker.scene import Scene
from worker.exporting import ExportBook, Exporter, Lease
from worker.exporting.expiring import EXPIRED
from worker.forgetting.files import files_of
from worker.providers.exports import Exports, ExportTask, TaskStage
from worker.providers.requests import Answer, HttpRequest

KEPT = 1000.0


def listing(answer: Answer) -> list[ExportTask]:
    return [
        ExportTask(id=int(number), name="march", status=2, stage=TaskStage.READY, words="so")
        for number in answer.body.split()
    ]


def exporter(stage: Scene, folder: Path, *, by_the_clock: bool, lists: bytes = b"") -> Exporter:
    exports = Exports(
        build_list=lambda _: HttpRequest(call="downloads", path="/list", form=()),
        read_list=listing,
        build_file=lambda _, task: HttpRequest(call="downloads", path="/file", form=(("id", str(task)),)),
        refusal=lambda *_: None,
        headers={},
        row=lambda _: None,
    )
    return Exporter(
        account=replace(plain_account(), exports=by_the_clock),
        exports=exports,
        asker=FakeAsker(answers={"downloads": [Answer(status=200, body=lists)] * 9}),
        fetcher=None,
        applier=None,
        book=ExportBook(stage.redis, NAME),
        lease=Lease(stage.redis, NAME, "w1"),
        folder=folder,
        poll_every=0.0,
        keep_for=KEPT,
    )


async def exported(
    stage: Scene, folder: Path, task: int, *, age: float = KEPT + 5, state: ExportState = ExportState.DONE
) -> Path:
    """A task that was exported so long ago, with its file."""
    path, then = folder / f"{NAME}-{task}.csv", time.time() - age
    path.write_text("id;phone;status\n")
    os.utime(path, (then, then))
    record = ExportRecord(task=task, state=state, name="march", file=str(path), rows=7, changed_at=int(then))
    await stage.redis.hset(keys.exports(NAME), str(task), record.pack())
    return path


async def test_file_and_record_go_after_the_retention_and_not_before(stage: Scene, tmp_path: Path) -> None:
    """They stayed for ever: numbers of people whose campaigns had been retired for years."""
    old, young = await exported(stage, tmp_path, 1), await exported(stage, tmp_path, 2, age=KEPT - 60)
    failed = await exported(stage, tmp_path, 3, state=ExportState.FAILED)
    work = exporter(stage, tmp_path, by_the_clock=False)
    await work.step()
    assert [path.exists() for path in (old, young, failed)] == [False, True, False]
    assert list(await work.book.records()) == [2]


async def test_what_the_provider_still_lists_is_not_fetched_again_by_the_clock(stage: Scene, tmp_path: Path) -> None:
    await exported(stage, tmp_path, 1)
    await exported(stage, tmp_path, 2)
    work = exporter(stage, tmp_path, by_the_clock=True, lists=b"1")
    await work.book.wish([ALL], Manner.ONCE)
    while await work.book.wishes():
        await work.step()
    [left] = (await work.book.records()).values()
    assert (left.task, left.state, left.rows, left.words) == (1, ExportState.DONE, 7, EXPIRED)
    assert (left.file, left.name) == ("", "")
    assert files_of(tmp_path) == []


@pytest.mark.parametrize("state", [state for state in ExportState if not state.is_over])
async def test_what_is_being_worked_on_is_left(stage: Scene, tmp_path: Path, state: ExportState) -> None:
    path = await exported(stage, tmp_path, 1, state=state)
    work = exporter(stage, tmp_path, by_the_clock=False)
    work._applier = work._fetcher = None
    await work._sweep(list((await work.book.records()).values()), time.time() - KEPT)
    assert path.exists()
    assert await work.book.records()


async def test_old_files_without_a_record_go_and_nobody_else_s(stage: Scene, tmp_path: Path) -> None:
    """Those of another host's records, and of records that a crash took."""
    old = await exported(stage, tmp_path, 1)
    await stage.redis.delete(keys.exports(NAME))
    others = [tmp_path / name for name in ("other-1.csv", f"{NAME}-x.csv", f"{NAME}-1.csv.gz", "notes.txt")]
    for path in others:
        path.write_text("x")
        os.utime(path, (0, 0))
    await exporter(stage, tmp_path, by_the_clock=False).step()
    assert not old.exists()
    assert all(path.exists() for path in others)
