"""What is to be done about tasks, given what was wished for, what is recorded and what the provider lists (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from producer.contract.exports import ALL, ExportRecord, ExportState, Manner
from worker.providers.exports import ExportTask, TaskStage

_NO_TASK: Final = "the provider lists no such task"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Records that are new or changed; and of all of them, whose file can be had, and whose file is here already."""

    changed: tuple[ExportRecord, ...]
    ready: tuple[ExportRecord, ...]
    whole: tuple[ExportRecord, ...]


def decide(
    records: Mapping[int, ExportRecord], tasks: Sequence[ExportTask], wishes: Mapping[str, Manner], *, now: int
) -> Decided:
    """Every wished task gets a record, and every open record learns what the list says of its task."""
    listed = {task.id: task for task in tasks}
    changed = []
    for number in sorted({*records, *listed, *_named(wishes)}):
        before, task = records.get(number), listed.get(number)
        after = _told(_wished(before, number, task, _manner(wishes, number), now), task)
        if after is not None and after != before:
            changed.append(after)
    current = {**records, **{record.task: record for record in changed}}
    wanted = [record for record in current.values() if record.state in _UNFETCHED]
    return Decided(
        changed=tuple(changed),
        ready=tuple(record for record in wanted if listed[record.task].stage is TaskStage.READY),
        whole=tuple(record for record in changed if record.state is ExportState.APPLYING),
    )


_UNFETCHED: Final = frozenset({ExportState.WANTED, ExportState.DOWNLOADING})


def _named(wishes: Mapping[str, Manner]) -> Iterator[int]:
    return (int(task) for task in wishes if task.isdecimal())


def _manner(wishes: Mapping[str, Manner], number: int) -> tuple[Manner | None, bool]:
    """How a task is wished for, and whether by its own number."""
    own = wishes.get(str(number))
    return (own, True) if own is not None else (wishes.get(ALL), False)


def _wished(
    before: ExportRecord | None, number: int, task: ExportTask | None, wish: tuple[Manner | None, bool], now: int
) -> ExportRecord | None:
    """The record after the wish: as it was, begun anew, or gone on with where its whole file is."""
    manner, by_number = wish
    is_worth_it = by_number or (task is not None and task.stage is not TaskStage.OVER)
    if manner is None or not is_worth_it:
        return before
    if before is None or manner is Manner.AGAIN:
        return ExportRecord(task=number, asked_at=now)
    if manner is Manner.RETRY and before.state is ExportState.FAILED:
        return _retried(before, now)
    if manner is Manner.RETRY and before.is_bare:
        return ExportRecord(task=number, asked_at=now)
    return before


def _retried(before: ExportRecord, now: int) -> ExportRecord:
    if not before.file:
        return ExportRecord(task=before.task, asked_at=now)
    return replace(
        ExportRecord(task=before.task, state=ExportState.APPLYING, asked_at=now),
        name=before.name,
        status=before.status,
        file=before.file,
        size=before.size,
        sha256=before.sha256,
        downloaded_at=before.downloaded_at,
    )


def _told(record: ExportRecord | None, task: ExportTask | None) -> ExportRecord | None:
    """The record with what the list says; a task that will never have a file has failed."""
    if record is None or record.state not in _UNFETCHED:
        return record
    if task is None:
        return replace(record, state=ExportState.FAILED, words=_NO_TASK)
    record = replace(record, name=task.name[:100], status=task.status)
    if task.stage is TaskStage.OVER:
        return replace(record, state=ExportState.FAILED, words=f"the provider says: {task.words}")
    return replace(record, state=ExportState.WANTED, words="" if task.stage is TaskStage.READY else task.words)
