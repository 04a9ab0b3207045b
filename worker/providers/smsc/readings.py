"""Fills the records of `answers` from the fields of an smsc answer, whatever its format; never raises.

HTTP status is 200 for API errors too (A1 [G-rb]), so the body decides; but a success is believed only with
status 200, and an answer of 500 or more is the web server speaking, whatever its body looks like.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeVar

from worker.providers.json_values import amount, digits, members, moment, whole, words
from worker.providers.requests import Answer
from worker.providers.smsc.answers import Accepted, BalanceRow, Failed, PhoneRow, StatusRow, Unreadable
from worker.providers.smsc.dates import of_text
from worker.providers.smsc.formats import value
from worker.providers.smsc.layouts import BALANCE, STATUS, SUBMISSION, Layout

Fields = dict[str, object]
Row = TypeVar("Row")

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")  # A3: client ids; server ids are numbers
_CURRENCY: Final = re.compile(r"[A-Z]{3}")  # A5: three letters, live value RUR


def one(answer: Answer, layout: Layout) -> Fields | Failed | Unreadable:
    """The fields of an answer that is one object and no error, and has HTTP status 200."""
    fields = members(value(answer, layout)) if answer.status < 500 else None
    if fields is not None and ("error" in fields or "error_code" in fields):
        return _error(fields)
    if answer.status != 200:
        return Unreadable(code=f"smsc.http.{answer.status}", words=f"the answer was HTTP {answer.status}")
    if fields is None:
        return _not_of_the_format(answer)
    return fields


def rows(
    answer: Answer, layout: Layout, read: Callable[[Fields], Row | None]
) -> tuple[Row, ...] | Failed | Unreadable:
    """What `read` makes of one object or a list of them; rows it gives None for are left out."""
    found = value(answer, layout) if answer.status == 200 else None
    if isinstance(found, list):
        return tuple(row for item in found if (row := read(members(item) or {})) is not None)
    fields = one(answer, layout)
    if not isinstance(fields, dict):
        return fields
    row = read(fields)
    return (row,) if row is not None else Unreadable(code="smsc.answer.no_row", words="the answer has no usable row")


def count(answer: Answer, layout: Layout) -> int:
    """How many rows an answer has, readable or not."""
    found = value(answer, layout)
    return len(found) if isinstance(found, list) else 1


def submission(answer: Answer) -> Accepted | Failed | Unreadable:
    """What a send.php answer says: `{"id", "cnt", "cost", "balance", "phones": […]}` or an error."""
    fields = one(answer, SUBMISSION)
    if not isinstance(fields, dict):
        return fields
    if not identifier(fields.get("id")):
        return Unreadable(code="smsc.answer.no_id", words="the answer has neither an id nor an error")
    return Accepted(
        id=identifier(fields["id"]),
        count=whole(fields.get("cnt")),
        cost=amount(fields.get("cost")),
        rows=tuple(phone_rows(fields.get("phones"))),
    )


def statuses(answer: Answer, layout: Layout = STATUS) -> tuple[StatusRow, ...] | Failed | Unreadable:
    """What a status.php or get_messages answer says: one object, or a list of them; unreadable rows are left out."""
    return rows(answer, layout, _status_row)


def balance(answer: Answer) -> BalanceRow | Failed | Unreadable:
    """What a balance.php answer says: `{"balance": "1871.62", "currency": "RUR"}`."""
    fields = one(answer, BALANCE)
    if not isinstance(fields, dict):
        return fields
    left, currency = amount(fields.get("balance")), fields.get("currency")
    if left is None:
        return Unreadable(code="smsc.answer.no_balance", words="the answer has no balance")
    known = isinstance(currency, str) and _CURRENCY.fullmatch(currency)
    return BalanceRow(balance=left, currency=str(currency) if known else "", credit=amount(fields.get("credit")))


def _not_of_the_format(answer: Answer) -> Unreadable:
    """Nothing of the format that was asked for: HTML, half an answer, or another format."""
    name = {"0": "text", "1": "commas", "2": "xml"}.get(answer.dialect.format, "json")
    return Unreadable(code=f"smsc.answer.not_{name}", words=f"the answer is not a {name} record of this call")


def changed_at(fields: Fields, name: str) -> datetime | None:
    """The time `<name>_timestamp`, or else `<name>_date`: fmt=1 has the one, fmt=0 the other."""
    return moment(fields.get(f"{name}_timestamp")) or of_text(fields.get(f"{name}_date"))


def _error(fields: dict[str, object]) -> Failed | Unreadable:
    number = whole(fields.get("error_code"))
    text = words(fields.get("error"))
    if number is None or not 0 < number < 10_000:
        return Unreadable(code="smsc.answer.no_code", words=text or "an error without a usable number")
    return Failed(number=number, text=text)


def phone_rows(given: object) -> Iterator[PhoneRow]:
    """The rows of `phones`; a row without a phone number says nothing about anyone."""
    for item in given if isinstance(given, list) else ():
        fields = members(item) or {}
        if phone := digits(fields.get("phone")):
            yield PhoneRow(
                phone=phone,
                cost=amount(fields.get("cost")),
                status=code(fields.get("status")),
                error=code(fields.get("error")),
            )


def _status_row(fields: Fields) -> StatusRow | None:
    status = code(fields.get("status"))
    if status is None:
        return None
    return StatusRow(
        id=identifier(fields.get("id")),
        phone=digits(fields.get("phone")),
        status=status,
        err=code(fields.get("err")) or 0,  # A4: absent when 0
        changed_at=changed_at(fields, "last"),
        int_id=str(whole(fields.get("int_id")) or ""),
    )


_UNREADABLE_CODE: Final = 999_999


def code(given: object) -> int | None:
    """A status or err number; None when absent, a number no table has when it is there but is none."""
    if given is None or given == "":
        return None
    number = whole(given)
    return number if number is not None and abs(number) < _UNREADABLE_CODE else _UNREADABLE_CODE


def identifier(given: object) -> str:
    """An id as text: the provider answers a number for a number and a string for a string; empty for none."""
    text = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    return text if _ID.fullmatch(text) else ""
