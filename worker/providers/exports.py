"""What a family supplies for deferred exports: tasks that a person orders, whose CSV files list what was sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from worker.providers.reports import Refused, Report
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest

ROLES: Final = ("reference", "msisdn", "status", "err", "changed_at")
"""What a column may hold. Id and MSISDN together name a message; without a status a row says nothing."""


class TaskStage(StrEnum):
    """What can be done with a task: wait for it, download its file, or nothing any more."""

    PENDING = "pending"
    READY = "ready"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTask:
    """A task as the provider lists it. `status` is the provider's number, `words` say it plainly."""

    id: int
    name: str
    status: int
    stage: TaskStage
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that means nothing. `why` never repeats what may be somebody's number or text."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """How a family lists tasks, asks for a task's file, and reads it.

    `refusal` takes HTTP status, first bytes and dialect: why they are no file, None when they may be one.
    `headers`: for each role (reference, msisdn, status, err, changed_at) the header words that mean it,
    the likeliest first.
    `row` takes a row's cells by role.
    """

    build_list: Callable[[Credentials], HttpRequest]
    read_list: Callable[[Answer], Sequence[ExportTask] | Refused]
    build_file: Callable[[Credentials, int], HttpRequest]
    refusal: Callable[[int, bytes, Dialect], Refused | None]
    headers: Mapping[str, Sequence[str]]
    row: Callable[[Mapping[str, str]], Report | BadRow]
