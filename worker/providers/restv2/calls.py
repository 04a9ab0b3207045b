"""The restv2 calls that a person may make: key/get, key/reset, balance/get, status/get (B3, B6, B7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from worker.providers.interface import Call
from worker.providers.reports import Balance, Refused, Report, Reports
from worker.providers.requests import Answer
from worker.providers.restv2 import balance, drain, key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """An API key: a secret, shown to the person who asked and kept nowhere."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRow:
    """How many SMS are left."""

    balance: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One message whose status has changed: the provider's id, its word, and ours."""

    id: str
    status: str
    words: str


def read_key(answer: Answer) -> tuple[KeyRow, ...] | Refused:
    """One key."""
    found = key.read(answer)
    return found if isinstance(found, Refused) else (KeyRow(key=found),)


def read_balance(answer: Answer) -> tuple[BalanceRow, ...] | Refused:
    """One number."""
    found = balance.read(answer)
    return (BalanceRow(balance=found.amount),) if isinstance(found, Balance) else found


def read_status(answer: Answer) -> tuple[StatusRow, ...] | Refused:
    """The messages whose status has changed since somebody last asked."""
    found = drain.read(answer)
    if isinstance(found, Reports):
        return tuple(_status(item) for item in found.items if isinstance(item, Report))
    return found


def _status(report: Report) -> StatusRow:
    return StatusRow(id=report.reference, status=report.code.rpartition(".")[2], words=report.words)


CALLS: Final[Mapping[str, Call]] = {
    call.name: call
    for call in (
        Call(name="key", meaning="the account's API key, by user name and password", build=key.build, read=read_key),
        Call(
            name="key_reset",
            meaning="a new API key; the old one ends for everyone",
            build=key.build_reset,
            read=read_key,
            needs_yes=True,
        ),
        Call(name="balance", meaning="how many SMS are left", build=balance.build, read=read_balance),
        Call(
            name="status",
            meaning="the messages whose status has changed: applied to our books, and shown",
            build=drain.build,
            read=read_status,
            is_drain=True,
        ),
    )
}
