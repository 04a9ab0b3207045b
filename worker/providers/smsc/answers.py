"""What an smsc answer says, in whichever of its formats it came: the records between reading and deciding.

`formats` turns each format into the same fields and `readings` fills these records from them, so nothing
that decides about messages knows a format.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The provider answered with a numbered error."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """There was an answer, and it says nothing we may rely on."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRow:
    """One recipient in a send answer (`op=1`). `status` and `error` are there only for bad numbers.

    `error` is of the same table as `err` in a status, not of the send errors (A3 [G-net SmsResponsePhones]).
    """

    phone: str
    cost: Decimal | None
    status: int | None
    error: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A send answer without an error. `count`: SMS taken, parts times recipients; None when it is not said."""

    id: str
    count: int | None
    cost: Decimal | None
    rows: tuple[PhoneRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One message in a status or history answer; `id` and `phone` are empty in a single status answer."""

    id: str
    phone: str
    status: int
    err: int
    changed_at: datetime | None
    int_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """A balance answer; `currency` is empty and `credit` None when it is not said."""

    balance: Decimal
    currency: str
    credit: Decimal | None = None
