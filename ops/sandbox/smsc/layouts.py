"""In which shape each answer is written: names and order per format, one row per answer with its source."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How rows of fields are written.

    `words`: fmt 0, as (label, field); "" as label writes the bare value. `commas`: fmt 1, fields in order.
    `outer` and `row`: the XML tags of a list and of one row (`outer` is left out for a single answer).
    """

    words: tuple[tuple[str, str], ...]
    commas: tuple[str, ...]
    row: str
    outer: str = "list"


def _same(*names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, name) for name in names)


_CHANGE: Final = (("Status", "status"), ("check_time", "last_date"), ("err", "err"))
_PLACE: Final = ("country", "operator", "region")
_ABOUT: Final = ("cost", "sender_id", "status_name", "message")
_MULTIPLE: Final = (("ID", "id"), ("phone", "phone"))

ERROR: Final = Layout(words=(), commas=(), row="result")  # A2: the text forms are written by hand

# A4 (W-st, G-off); where several are asked for, that id and phone end a row of fmt 0 and 1 is a guess
STATUS: Final = Layout(words=_CHANGE, commas=("status", "last_timestamp", "err"), row="status", outer="statuses")
STATUS_MANY: Final = Layout(
    words=_CHANGE + _MULTIPLE, commas=(*STATUS.commas, "id", "phone"), row="status", outer="statuses"
)
STATUS_FULL: Final = Layout(
    words=(*_CHANGE, *_same("send_date", "phone", *_ABOUT)),
    commas=(*STATUS.commas, "send_timestamp", "phone", *_ABOUT),  # G-off: nine fields, the text last
    row="status",
    outer="statuses",
)
STATUS_PLACE: Final = Layout(
    words=(*_CHANGE, *_same("send_date", "phone", *_PLACE, *_ABOUT)),
    commas=(*STATUS.commas, "send_timestamp", "phone", *_PLACE, *_ABOUT),  # G-off: twelve fields, the text last
    row="status",
    outer="statuses",
)
# S1 get_messages
HISTORY: Final = Layout(
    words=(
        *_CHANGE,
        *_same("send_date", "phone", "mccmnc", *_PLACE, *_ABOUT, "type"),
        ("ID", "id"),
        *_same("int_id", "sms_cnt", "format", "crc"),
    ),
    commas=(
        *("status", "last_timestamp", "err", "send_timestamp", "phone", "mccmnc", *_PLACE, *_ABOUT),
        *("type", "id", "int_id", "sms_cnt", "format", "crc"),
    ),
    row="sms",
)
# S1 get_answers
ANSWERS: Final = Layout(
    words=_same("id", "received", "phone", "message", "to_phone", "sent"),
    commas=("id", "received", "phone", "to_phone", "sent", "message"),
    row="sms",
    outer="sms_answers",
)
# S1 get_stat
STAT: Final = Layout(
    words=_same("login", "sms", "credit", "debit", "currency"),
    commas=("login", "sms", "credit", "debit", "currency"),
    row="stat",
)
# S1 get_operator; several numbers add `phone` (that it comes last is a guess)
_OPERATOR: Final = ("country", "operator", "region", "mcc", "mnc", "tz")
OPERATOR: Final = Layout(words=_same(*_OPERATOR), commas=_OPERATOR, row="info")
OPERATORS: Final = Layout(words=_same(*_OPERATOR, "phone"), commas=(*_OPERATOR, "phone"), row="info")
# S1 tinyurls
_TINYURL: Final = ("id", "cnt", "cnt_mon", "cnt_day", "cnt_yes", "cnt_pmon", "link")
TINYURL: Final = Layout(words=_same(*_TINYURL), commas=_TINYURL, row="result")
# S3
_TEMPLATE: Final = ("id", "name", "format", "sender", "flag", "message")
TEMPLATES: Final = Layout(words=_same(*_TEMPLATE), commas=_TEMPLATE, row="template")
# S4; XML tags and the labels of fmt 0 are guesses: the page's tables are lost
_NUMBER: Final = ("phone", "type", "cost", "current_cost", "info")
NUMBERS: Final = Layout(words=_same(*_NUMBER), commas=_NUMBER, row="phone", outer="phones")
RENTED: Final = Layout(words=_same("cost"), commas=("cost",), row="result")
CALL: Final = Layout(words=_same("phone", "all_phones"), commas=("phone", "all_phones"), row="result")
_TASK: Final = ("id", "name", "status", "created", "time", "file")
TASKS: Final = Layout(words=_same(*_TASK), commas=_TASK, row="task")
# A5: fmt 0 and 1 are the bare number; how the currency is added is a guess
BALANCE: Final = Layout(
    words=(("", "balance"), ("", "currency"), ("", "credit")), commas=("balance", "currency", "credit"), row="result"
)
