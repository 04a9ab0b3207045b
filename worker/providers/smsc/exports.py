"""Deferred exports: the list of tasks, and the rows of their CSV files as reports (downloads.php, A10).

No document describes the file: its header words, and how it writes a status, are guesses [?] made from the
names in the answers (A4, A6) and the words of the status table; `export_columns` sets an account right.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from producer.contract.messages import Msisdn, Reference
from worker.providers.exports import BadRow, Exports, ExportTask, TaskStage
from worker.providers.json_values import moment
from worker.providers.reports import Refused, Report
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest
from worker.providers.smsc import readings
from worker.providers.smsc.answers import StatusRow
from worker.providers.smsc.calls import downloads
from worker.providers.smsc.dates import of_text
from worker.providers.smsc.status import report

HEADERS: Final[Mapping[str, Sequence[str]]] = {
    # names of JSON (A6 [S1]); all others [?]. A column of codes before one of words, which may drift
    "reference": ("id", "id сообщения", "ид", "идентификатор", "message id", "sms id", "client id", "reference"),
    "msisdn": (
        *("phone", "телефон", "номер телефона", "номер", "абонент", "получатель"),
        *("phone number", "recipient", "msisdn", "number"),
    ),
    "status": (
        *("код статуса", "status code", "status", "статус", "состояние", "статус сообщения"),
        *("status name", "state", "delivery status"),
    ),
    "err": ("err", "код ошибки", "error code", "ошибка", "error"),
    "changed_at": (
        *("last timestamp", "last date", "дата статуса", "время статуса", "дата изменения статуса"),
        *("дата доставки", "время доставки", "status date", "status time", "changed at", "delivered"),
    ),
}

STATUS_WORDS: Final[Mapping[str, int]] = {
    # the words of the status pages, Russian and English (A4 [W-st/statuses, G-spo]); as CSV cells [?]
    "сообщение не найдено": -3,
    "не найдено": -3,
    "остановлено": -2,
    "ожидает отправки": -1,
    "передано оператору": 0,
    "доставлено": 1,
    "прочитано": 2,
    "просрочено": 3,
    "нажата ссылка": 4,
    "невозможно доставить": 20,
    "не доставлено": 20,
    "неверный номер": 22,
    "запрещено": 23,
    "недостаточно средств": 24,
    "недоступный номер": 25,
    "message not found": -3,
    "not found": -3,
    "stopped": -2,
    "waiting to be sent": -1,
    "waiting": -1,
    "handed to operator": 0,
    "transferred to the operator": 0,
    "delivered": 1,
    "read": 2,
    "expired": 3,
    "link clicked": 4,
    "undeliverable": 20,
    "impossible to deliver": 20,
    "not delivered": 20,
    "wrong number": 22,
    "invalid number": 22,
    "forbidden": 23,
    "prohibited": 23,
    "not enough money": 24,
    "insufficient funds": 24,
    "unavailable number": 25,
}

_STAGES: Final = {
    downloads.TaskState.WAITING: TaskStage.PENDING,
    downloads.TaskState.RUNNING: TaskStage.PENDING,
    downloads.TaskState.DONE: TaskStage.READY,
    downloads.TaskState.CANCELLED: TaskStage.OVER,
    downloads.TaskState.FAILED: TaskStage.OVER,
    downloads.TaskState.UNKNOWN: TaskStage.PENDING,  # a number that no document knows: wait, and show it
}
_NUMBER: Final = re.compile(r"-?[0-9]{1,6}")
_PHONE: Final = re.compile(r"\+?([0-9]{7,15})")
_EXCEL_TEXT: Final = re.compile(r'="?(.*?)"?')
_NOT_A_FILE: Final = (b"<", b"{", b"ERROR")
_LONGEST_SHOWN: Final = 30


def read_list(answer: Answer) -> tuple[ExportTask, ...] | Refused:
    """The tasks; one the list gives without a usable id or status is left out."""
    found = downloads.DOWNLOADS_CALL.read(answer)
    if isinstance(found, Refused):
        return found
    return tuple(_task(task) for task in found if isinstance(task, downloads.Task))


def build_file(credentials: Credentials, task: int) -> HttpRequest:
    """The request for a task's file."""
    return downloads.download(credentials, id_=task)


def refusal(status: int, beginning: bytes, dialect: Dialect) -> Refused | None:
    """Why an answer is no CSV file: an error in any format, a page of HTML, or nothing; None when it may be one."""
    if refused := downloads.refusal(status, beginning, dialect):
        return refused
    start = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return Refused(code="smsc.export.empty", words="the file is empty", is_understood=False)
    if start.startswith(_NOT_A_FILE):
        return Refused(code="smsc.export.no_csv", words="the answer is not a CSV file", is_understood=False)
    return None


def row(fields: Mapping[str, str]) -> Report | BadRow:
    """One row's cells by role as a report. What it cannot mean is never guessed at: the row is bad."""
    cells = {role: _bare(cell) for role, cell in fields.items()}
    reference = readings.identifier(cells.get("reference", ""))
    phone = _PHONE.fullmatch(cells.get("msisdn", ""))
    status = _status(cells.get("status", ""))
    if not reference:
        return BadRow(why="its id is none")
    if phone is None:
        return BadRow(why="its phone number is none")
    if status is None:
        return BadRow(why=f"unknown status {_shown(cells.get('status', ''))}")
    said = StatusRow(
        id=reference,
        phone=phone[1],
        status=status,
        err=_err(cells.get("err", "")),
        changed_at=_moment(cells.get("changed_at", "")),
        int_id="",
    )
    return report(said, Reference(reference), Msisdn(phone[1]))


def _task(task: downloads.Task) -> ExportTask:
    return ExportTask(
        id=task.id,
        name=task.name,
        status=task.status,
        stage=_STAGES[task.state],
        words=str(task.state),
    )


def _bare(cell: str) -> str:
    """Without the `="…"` that keeps a spreadsheet from making a number of it."""
    found = _EXCEL_TEXT.fullmatch(cell)
    return (found[1] if found else cell).strip().lstrip("'")


def _status(cell: str) -> int | None:
    if _NUMBER.fullmatch(cell):
        return int(cell)
    return STATUS_WORDS.get(" ".join(cell.casefold().rstrip(".").split()))


def _err(cell: str) -> int:
    """0 also for words: the status has said enough."""
    return int(cell) if _NUMBER.fullmatch(cell) and not cell.startswith("-") else 0


def _moment(cell: str) -> datetime | None:
    return moment(cell) or of_text(cell)


def _shown(cell: str) -> str:
    """An unknown status as it may be shown; a cell with digits may be a number of somebody."""
    return "(a number)" if any(map(str.isdigit, cell)) else repr(cell[:_LONGEST_SHOWN])


EXPORTS: Final = Exports(
    build_list=downloads.downloads,
    read_list=read_list,
    build_file=build_file,
    refusal=refusal,
    headers=HEADERS,
    row=row,
)
