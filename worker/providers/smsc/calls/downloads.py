"""Deferred tasks: their list, and the request for a task's CSV file (downloads.php, A10).

The file itself is streamed elsewhere; `refusal` tells an error body from the beginning of a CSV.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from worker.providers.charsets import readable
from worker.providers.interface import Call, Parameter
from worker.providers.json_values import text, whole
from worker.providers.parameters import whole as whole_number
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest
from worker.providers.smsc import errors, forms, readings
from worker.providers.smsc.answers import Failed
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.dates import of_text
from worker.providers.smsc.layouts import DOWNLOADS, Layout

_LONGEST_ERROR: Final = 2000
_LONGEST_START: Final = 2000


class TaskState(StrEnum):
    """A10 [S4], by its number."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


_STATES: Final = dict(enumerate(TaskState))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A deferred task; its file can be had when `state` is done. Times None: not told, or not understood."""

    id: int
    name: str
    status: int
    state: TaskState
    created_at: datetime | None
    started_at: datetime | None
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStart:
    """The beginning of a task's file, for a person to see: how long it is, and its first lines."""

    bytes: int
    beginning: str


def downloads(credentials: Credentials, *, cnt: int | None = None, after_id: int | None = None) -> HttpRequest:
    """The deferred tasks; `cnt`: at most so many, `after_id`: only after this one (A10 [W-dl]).

    Errors 1, 2, 3 (none), 4, 9. At most three identical requests a minute [S4].
    """
    fields = (("get_list", "1"), *forms.fields({"cnt": cnt, "after_id": after_id}))
    return forms.request("downloads", "downloads.php", fields, credentials)


def download(credentials: Credentials, *, id_: int | None = None, name: str = "") -> HttpRequest:
    """The CSV file of a task that is done, by its `id` or its file's `name` (A10 [W-dl]).

    The answer is the file, or an error body (`refusal`): errors 1, 2, 3 (no such file [?]), 4, 9. At most three
    identical requests a minute. Raises ValueError.
    """
    if (id_ is None) == (not name):
        raise ValueError("give id= or name=")
    fields = (("get_file", "1"), *forms.fields({"id": id_, "name": name}))
    return forms.request("downloads", "downloads.php", fields, credentials)


def refusal(status: int, beginning: bytes, dialect: Dialect) -> Refused | None:
    """The error that a file's answer begins with, in whichever format it comes; None when it is a file."""
    for form in dict.fromkeys((dialect.format, *forms.FORMATS)):
        answer = Answer(
            status=status,
            body=beginning[:_LONGEST_ERROR],
            dialect=Dialect(format=form, charset=dialect.charset),
        )
        failure = readings.one(answer, Layout())
        if isinstance(failure, Failed):
            return errors.refused(failure, answer)
    if status != 200:
        return Refused(
            code=f"smsc.http.{status}",
            words=f"the answer was HTTP {status}",
            congested=status == 429,
            is_understood=False,
        )
    return None


def read_file(answer: Answer) -> tuple[FileStart, ...] | Refused:
    """How much came, and how it begins. A file has an encoding of its own, whatever charset was asked for."""
    refused = refusal(answer.status, answer.body, answer.dialect)
    if refused is not None:
        return refused
    return (FileStart(bytes=len(answer.body), beginning=text(readable(answer.body[:_LONGEST_START]))),)


def _task(fields: Fields) -> Task | None:
    identifier, status = whole(fields.get("id")), whole(fields.get("status"))
    if identifier is None or status is None:
        return None
    return Task(
        id=identifier,
        name=text(fields.get("name")),
        status=status,
        state=_STATES.get(status, TaskState.UNKNOWN),
        created_at=of_text(fields.get("created")),
        started_at=of_text(fields.get("time")),
        file=text(fields.get("file")),
    )


DOWNLOADS_CALL: Final = Call(
    name="downloads",
    meaning="deferred tasks, whose files can be downloaded when they are done",
    parameters=(
        Parameter(name="cnt", meaning="at most so many", kind=whole_number(1, 10_000)),
        Parameter(name="after_id", meaning="only after this id", kind=whole_number(0, 10**12)),
    ),
    build=downloads,
    read=rows(DOWNLOADS, _task, none_is_empty=True),
)
DOWNLOAD_CALL: Final = Call(
    name="download",
    meaning="the beginning of a task's file (volley export streams it whole)",
    parameters=(
        Parameter(name="id", meaning="the task's id", kind=whole_number(1, 10**12), argument="id_"),
        Parameter(name="name", meaning="the file's name"),
    ),
    build=download,
    read=read_file,
)
