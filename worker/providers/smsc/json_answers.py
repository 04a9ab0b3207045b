"""Reads smsc answers in JSON (fmt=3) into the records of `answers`; tolerates drifting types, never raises.

HTTP status is 200 for API errors too (A1 [G-rb]), so the body decides; but a success is believed only with
status 200, and an answer of 500 or more is the web server speaking, whatever its body looks like.
"""

import re
from collections.abc import Iterator
from typing import Final

from worker.providers.interface import Answer
from worker.providers.json_values import amount, digits, members, moment, parse, whole, words
from worker.providers.smsc.answers import Accepted, BalanceRow, Failed, PhoneRow, StatusRow, Unreadable

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")  # A3: client ids; server ids are numbers
_CURRENCY: Final = re.compile(r"[A-Z]{3}")  # A5: three letters, live value RUR


def submission(answer: Answer) -> Accepted | Failed | Unreadable:
    """What a send.php answer says: `{"id", "cnt", "cost", "balance", "phones": […]}` or an error."""
    fields = _object(answer)
    if not isinstance(fields, dict):
        return fields
    if not _identifier(fields.get("id")):
        return Unreadable(code="smsc.answer.no_id", words="the answer has neither an id nor an error")
    return Accepted(
        id=_identifier(fields["id"]),
        count=whole(fields.get("cnt")),
        cost=amount(fields.get("cost")),
        rows=tuple(_phone_rows(fields.get("phones"))),
    )


def statuses(answer: Answer) -> tuple[StatusRow, ...] | Failed | Unreadable:
    """What a status.php or get_messages answer says: one object, or a list of them; unreadable rows are left out."""
    value = _trusted(answer)
    if isinstance(value, list):
        return tuple(row for row in map(_status_row, value) if row)
    fields = _object(answer)
    if not isinstance(fields, dict):
        return fields
    row = _status_row(fields)
    return (row,) if row else Unreadable(code="smsc.answer.no_status", words="the answer has no status")


def balance(answer: Answer) -> BalanceRow | Failed | Unreadable:
    """What a balance.php answer says: `{"balance": "1871.62", "currency": "RUR"}`."""
    fields = _object(answer)
    if not isinstance(fields, dict):
        return fields
    left, currency = amount(fields.get("balance")), fields.get("currency")
    if left is None:
        return Unreadable(code="smsc.answer.no_balance", words="the answer has no balance")
    known = isinstance(currency, str) and _CURRENCY.fullmatch(currency)
    return BalanceRow(balance=left, currency=str(currency) if known else "")


def _trusted(answer: Answer) -> object | None:
    """The JSON value of an answer with HTTP status 200."""
    return parse(answer.body) if answer.status == 200 else None


def _object(answer: Answer) -> dict[str, object] | Failed | Unreadable:
    """The members of an answer that is an object and no error, and has HTTP status 200."""
    fields = members(parse(answer.body)) if answer.status < 500 else None
    if fields is not None and ("error" in fields or "error_code" in fields):
        return _error(fields)
    if answer.status != 200:
        return Unreadable(code=f"smsc.http.{answer.status}", words=f"the answer was HTTP {answer.status}")
    if fields is None:
        return Unreadable(code="smsc.answer.not_json", words="the answer is not a JSON object")
    return fields


def _error(fields: dict[str, object]) -> Failed | Unreadable:
    number = whole(fields.get("error_code"))
    text = words(fields.get("error"))
    if number is None or not 0 < number < 10_000:
        return Unreadable(code="smsc.answer.no_code", words=text or "an error without a usable number")
    return Failed(number=number, text=text)


def _phone_rows(value: object) -> Iterator[PhoneRow]:
    """The rows of `phones`; a row without a phone number says nothing about anyone."""
    for item in value if isinstance(value, list) else ():
        fields = members(item) or {}
        if phone := digits(fields.get("phone")):
            yield PhoneRow(
                phone=phone,
                cost=amount(fields.get("cost")),
                status=_code(fields.get("status")),
                error=_code(fields.get("error")),
            )


def _status_row(value: object) -> StatusRow | None:
    fields = members(value) or {}
    status = _code(fields.get("status"))
    if status is None:
        return None
    return StatusRow(
        id=_identifier(fields.get("id")),
        phone=digits(fields.get("phone")),
        status=status,
        err=_code(fields.get("err")) or 0,  # A4: absent when 0
        changed_at=moment(fields.get("last_timestamp")),
        int_id=str(whole(fields.get("int_id")) or ""),
    )


_UNREADABLE_CODE: Final = 999_999


def _code(value: object) -> int | None:
    """A status or err number; None when absent, a number no table has when it is there but is none."""
    if value is None or value == "":
        return None
    number = whole(value)
    return number if number is not None and abs(number) < _UNREADABLE_CODE else _UNREADABLE_CODE


def _identifier(value: object) -> str:
    """An id as text: the provider answers a number for a number and a string for a string; empty for none."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if _ID.fullmatch(text) else ""
