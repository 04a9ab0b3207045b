"""What the smsc family answers, as plain values: one record per answer, and `Answer` over all of them."""

from dataclasses import dataclass
from typing import Final

from ops.sandbox.smsc.cabinet_answers import (
    CallNumber,
    Done,
    Number,
    Numbers,
    OperatorRow,
    Operators,
    Price,
    Rented,
    TaskRow,
    Tasks,
    Template,
    TemplateAdded,
    Templates,
    TinyUrl,
    Zone,
)

__all__ = [
    "CANNOT_DELETE",
    "ERRORS",
    "NOT_FOUND",
    "TOO_MANY",
    "TOO_MANY_AT_ONCE",
    "Answer",
    "AnswerRow",
    "Answers",
    "Balance",
    "CallNumber",
    "Deleted",
    "Done",
    "History",
    "Number",
    "Numbers",
    "OperatorRow",
    "Operators",
    "PhoneRow",
    "Place",
    "Price",
    "Priced",
    "Refusal",
    "Rented",
    "SentRow",
    "Stat",
    "StatRow",
    "Statuses",
    "Taken",
    "TaskRow",
    "Tasks",
    "Template",
    "TemplateAdded",
    "Templates",
    "TinyUrl",
    "Unknown",
    "Zone",
]

# A2 (texts 2, 3, 6, 7, 8, 9, 15 as seen live; the others are plain words of ours).
ERRORS: Final = {
    1: "parameters error",
    2: "authorise error",
    3: "no money",
    4: "IP is blocked",
    5: "invalid date format",
    6: "message is denied",
    7: "invalid number",
    8: "can't to deliver",
    9: "duplicate request, wait a minute",
    15: "unknown error",
}
NOT_FOUND: Final = "message not found"  # A4, A6: error 3 of status.php and get.php
TOO_MANY_AT_ONCE: Final = "too many concurrent requests"  # A3, S1
TOO_MANY: Final = "too many requests"  # wording not documented
CANNOT_DELETE: Final = "delete error"  # A4 error 5; wording not documented


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error; 3, 6, 7 and 8 of a send carry the message id they used up (A3). `text` "": the usual one."""

    code: int
    text: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRow:
    """One number of a send with `op=1` or `err=1`; `status` and `error` belong to bad ones only (A3)."""

    phone: str
    mccmnc: str
    cost: str
    status: int | None = None
    error: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A send was accepted. `cost` and `balance` "" are not told; `reference` "" is a fault."""

    segments: int
    reference: str
    cost: str = ""
    balance: str = ""
    phones: tuple[PhoneRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """The answer to `cost=1`: nothing was sent."""

    segments: int
    cost: str
    phones: tuple[PhoneRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left; `currency` and `credit` only when asked for (A5)."""

    amount: str
    currency: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a number is registered."""

    country: str
    operator: str
    region: str
    mccmnc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRow:
    """One sent message, as status.php (`all`) and the history tell it; times are unix seconds."""

    status: int
    changed: int
    err: int
    sent: int
    phone: str
    cost: str
    sender: str
    status_name: str
    text: str
    place: Place
    kind: int
    reference: str
    number: int
    segments: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A (phone, id) pair of a multiple status request that nobody sent."""

    phone: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """One status, or a list of them; `detail` is the request's `all`."""

    found: tuple[SentRow | Unknown, ...]
    detail: int
    multiple: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """`del=1` took a message back; the answer's wording is a guess after templates.php."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Sent messages, newest first."""

    found: tuple[SentRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """One incoming message; times are unix seconds."""

    id: int
    received: int
    phone: str
    text: str
    to_phone: str
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Incoming messages, oldest first."""

    found: tuple[AnswerRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatRow:
    """What one login sent in a period."""

    login: str
    sms: int
    credit: str
    debit: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """Statistics."""

    found: tuple[StatRow, ...]


Answer = (
    Refusal
    | Taken
    | Priced
    | Balance
    | Statuses
    | Deleted
    | History
    | Answers
    | Stat
    | Price
    | Operators
    | TinyUrl
    | Templates
    | TemplateAdded
    | Done
    | Numbers
    | Rented
    | CallNumber
    | Tasks
)
