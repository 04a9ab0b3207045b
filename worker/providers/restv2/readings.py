"""Fills the records of `answers` from the fields of a restv2 answer, whatever its type; never raises.

All numbers may come as strings (B1). Success is status 1 **and** no error, because a failed key/get was seen
with status 1 and error 101 (B2 [G-pysc]); and it is believed only with HTTP status 200.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from worker.providers.json_values import amount, members, whole, words
from worker.providers.requests import Answer
from worker.providers.restv2 import formats
from worker.providers.restv2.answers import Accepted, Drained, Failed, StatusRow, Unreadable

Fields = dict[str, object]

_ID: Final = re.compile(r"[0-9]{1,20}")
_KEY: Final = re.compile(r"[\x21-\x7e]{1,256}")
_STATUS: Final = re.compile(r"[A-Za-z0-9_-]{1,16}")
_NO_ID: Final[tuple[object, ...]] = (None, "", 0, "0", [])
_PLACE: Final = re.compile(r"[0-9]{1,9}")


def submission(answer: Answer) -> Accepted | Failed | Unreadable:
    """What a sms/send answer says: `{"status": "1", "id": "1234567890", "balance", "remarks"}` (B4)."""
    fields = _succeeded(answer, formats.an_id)
    if not isinstance(fields, dict):
        return fields
    identifier = any_id(fields)
    if not _ID.fullmatch(identifier):
        return Unreadable(code="restv2.answer.no_id", words="status 1, but no usable id")
    return Accepted(id=identifier)


def drained(answer: Answer) -> Drained | Failed | Unreadable:
    """What a status/get answer says: members "0", "1", … beside `status`, `total`, `remarks` (B7 [S2])."""
    fields = _succeeded(answer, formats.statuses)
    if not isinstance(fields, dict):
        return fields
    items = [value for name, value in fields.items() if _PLACE.fullmatch(name)]
    rows = tuple(row for row in map(_status_row, items) if row)
    return Drained(rows=rows, announced=max(whole(fields.get("total")) or 0, len(items)))


def balance(answer: Answer) -> Decimal | Failed | Unreadable:
    """The SMS left, in a balance/get answer: `{"status": "1", "balance": "1234"}` (B6)."""
    fields = _succeeded(answer, formats.a_number)
    if not isinstance(fields, dict):
        return fields
    left = amount(fields.get("balance"))
    return Unreadable(code="restv2.answer.no_balance", words="status 1, but no balance") if left is None else left


def key(answer: Answer) -> str | Failed | Unreadable:
    """The key in a key/get answer: `{"status": "1", "key": "6fe2…", "remarks": "Success"}` (B3)."""
    fields = _succeeded(answer, formats.a_key)
    if not isinstance(fields, dict):
        return fields
    found = fields.get("key")
    if isinstance(found, str) and _KEY.fullmatch(found):
        return found
    return Unreadable(code="restv2.answer.no_key", words="status 1, but no usable key")


def succeeded(answer: Answer) -> Fields | Failed | Unreadable:
    """The fields of an answer of version 3, which is never asked for in plain text: no document shows that."""
    return _succeeded(answer, formats.nothing)


def _succeeded(answer: Answer, plain: Callable[[str], Fields | None]) -> Fields | Failed | Unreadable:
    """The members of an answer that says it succeeded."""
    fields = formats.value(answer, plain) if answer.status < 500 else None
    if fields is None or (answer.status != 200 and "status" not in fields):
        return _unreadable(answer)
    number = _error_number(fields.get("error"))
    if number is None:
        return Unreadable(code="restv2.answer.no_code", words="an error without a usable number")
    if number:
        return Failed(number=number, remarks=words(fields.get("remarks")), id=any_id(fields))
    if whole(fields.get("status")) == 1:
        return fields if answer.status == 200 else _unreadable(answer)
    return _refusal(fields)


def _unreadable(answer: Answer) -> Unreadable:
    if answer.status != 200:
        return Unreadable(code=f"restv2.http.{answer.status}", words=f"the answer was HTTP {answer.status}")
    name = answer.dialect.format or "json"
    return Unreadable(code=f"restv2.answer.not_{name}", words=f"the answer is not a {name} record of this call")


def _error_number(value: object) -> int | None:
    """The error number, 0 when there is none (missing, empty or "0"), None when it cannot be read."""
    if value is None or value == "":
        return 0
    number = whole(value)
    return number if number is not None and 0 <= number < 100_000 else None


def _refusal(fields: Fields) -> Failed | Unreadable:
    """Status other than 1 and no error number; 0 is the one that documents and fixtures show (B4 [S0, G-pysc])."""
    if whole(fields.get("status")) == 0:
        return Failed(number=None, remarks=words(fields.get("remarks")), id=any_id(fields))
    return Unreadable(code="restv2.answer.status", words="a status that is neither 1 nor a plain refusal")


def _status_row(value: object) -> StatusRow | None:
    fields = members(value) or {}
    identifier = any_id(fields)
    status = fields.get("status")
    said = str(status).strip() if isinstance(status, int | str) else ""
    if not _ID.fullmatch(identifier):
        return None
    return StatusRow(id=identifier, status=said if _STATUS.fullmatch(said) else "unreadable")


def any_id(fields: Fields) -> str:
    """The id an answer names, as decimal digits; empty for 0, "" and none; "?" for what cannot be read.

    Some installations call it `smsId` (B4 [G-school]). Leading zeros go, so that send and report agree.
    """
    found = fields.get("id")
    if found in _NO_ID:
        found = fields.get("smsId")
    if found in _NO_ID:
        return ""
    text = str(found).strip() if isinstance(found, int | str) and not isinstance(found, bool) else "?"
    if not _ID.fullmatch(text):
        return "?"
    return text.lstrip("0")
