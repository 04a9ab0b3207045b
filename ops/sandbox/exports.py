"""Deferred tasks and the CSV files that they become, written row by row in constant memory (A10)."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from typing import Final

from ops.sandbox.smsc.answers import SentRow, TaskRow
from ops.sandbox.smsc.dates import date_time

WAITING, RUNNING, DONE, CANCELLED, FAILED = range(5)  # S4: a task's status

# The columns of the file are not documented; these are the sandbox's own, in Russian (as the cabinet is) or English.
COLUMNS: Final = {
    "ru": (
        *("ID", "Телефон", "Код статуса", "Статус", "Ошибка", "Дата статуса", "Дата отправки", "Отправитель"),
        *("Стоимость", "Частей", "Сообщение"),
    ),
    "en": (
        *("ID", "Phone", "Status code", "Status", "Error", "Status date", "Sent date", "Sender"),
        *("Cost", "Parts", "Message"),
    ),
}
ENCODINGS: Final = ("windows-1251", "utf-8", "utf-8-sig", "koi8-r")
_ROWS_AT_ONCE: Final = 500


@dataclass(slots=True, kw_only=True)
class Task:
    """One task, made in the cabinet. `created_at` is monotonic; `rows`: pad the file to that many.

    It runs `start_after` and ends `done_after` seconds after its creation, with `ending`. `fault` acts on the first
    `fault_times` downloads: `break` cuts the file in the middle, `error` answers an error instead of it.
    """

    id: int
    name: str
    created: float
    created_at: float
    start_after: float = 1.0
    done_after: float = 3.0
    ending: int = DONE
    encoding: str = "windows-1251"
    delimiter: str = ";"
    header: str = "ru"
    rows: int = 0
    fault: str = ""
    fault_times: int = 1

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.csv"

    def status(self, now: float) -> int:
        """Say how far the task has come."""
        age = now - self.created_at
        if age < self.start_after:
            return WAITING
        return RUNNING if age < self.done_after and self.ending != CANCELLED else self.ending

    def shown(self, now: float) -> TaskRow:
        """Describe the task as the provider lists it."""
        status = self.status(now)
        started = None if status == WAITING else int(self.created + self.start_after)
        return TaskRow(
            id=self.id,
            name=self.name,
            status=status,
            created=int(self.created),
            started=started,
            file=self.file if status == DONE else "",
        )

    def takes_fault(self) -> str:
        """Take the fault of this download, if there is one left."""
        if not self.fault or self.fault_times < 1:
            return ""
        self.fault_times -= 1
        return self.fault


def chunks_of(task: Task, messages: Iterator[SentRow], number: int, *, broken: bool) -> Iterator[bytes]:
    """Write the file in chunks; `number` is how many messages there are. Broken: it ends in the middle of a row."""
    total = max(number, task.rows)
    write = _row_writer(task.delimiter)
    lines: Iterator[str] = chain(
        _header(task, write),
        (write(_cells(message)) for message in messages),
        (write(padding(index)) for index in range(number, total)),
    )
    if broken:
        lines = _cut(lines, total // 2)
    while text := "".join(islice(lines, _ROWS_AT_ONCE)):
        yield text.encode(_chunk_codec(task.encoding), "replace")


def padding(index: int) -> tuple[str, ...]:
    """Invent the row with this number (from 0): a delivered message that nobody sent."""
    phone = str(79_000_000_000 + index)
    return (f"pad-{index}", phone, "1", "Delivered", "0", *(["01.01.2026 00:00:00"] * 2), "ACME", "1.44", "1", "pad")


def _cut(lines: Iterator[str], rows: int) -> Iterator[str]:
    yield from islice(lines, rows)
    following = next(lines, "")
    yield following[: len(following) // 2]


def _header(task: Task, write: Callable[[tuple[str, ...]], str]) -> Iterator[str]:
    if task.encoding == "utf-8-sig":
        yield "\ufeff"
    if task.header in COLUMNS:
        yield write(COLUMNS[task.header])


def _chunk_codec(encoding: str) -> str:
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _row_writer(delimiter: str) -> Callable[[tuple[str, ...]], str]:
    """Make the function that writes one row, quoted where it must be."""
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")

    def write(cells: tuple[str, ...]) -> str:
        writer.writerow(cells)
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    return write


def _cells(row: SentRow) -> tuple[str, ...]:
    return (
        row.reference,
        row.phone,
        str(row.status),
        row.status_name,
        str(row.err),
        date_time(row.changed),
        date_time(row.sent),
        row.sender,
        row.cost,
        str(row.segments),
        row.text,
    )
