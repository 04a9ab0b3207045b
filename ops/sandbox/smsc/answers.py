"""What the smsc family answers, as values; how they are written is another matter (`smsc_json`)."""

from dataclasses import dataclass
from typing import Final

from ops.sandbox.gateway import Item
from ops.sandbox.ledger import Message
from ops.sandbox.progress import Standing

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
class Taken:
    """A send was accepted (or, without `reference` and `balance`, priced)."""

    segments: int
    reference: str = ""
    cost: str = ""
    balance: str = ""
    phones: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left."""

    amount: str
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A message that was found, and the spelling of the phone that was asked for."""

    message: Message
    standing: Standing
    spelling: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A (phone, id) pair of a multiple status request that nobody sent."""

    phone: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statuses:
    """One status, or a list of them; `detail` is the request's `all`."""

    found: tuple[Known | Unknown, ...]
    detail: int
    multiple: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Sent messages, newest first."""

    found: tuple[Known, ...]


Answer = Refusal | Taken | Balance | Statuses | History
