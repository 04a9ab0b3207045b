"""What was sent and what came in: status.php, get.php get_messages and get_answers (A4, A6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import amount, digits, text, whole
from worker.providers.parameters import day, flag, phones, words
from worker.providers.parameters import whole as whole_number
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.smsc import forms, readings, statuses
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.dates import of_text
from worker.providers.smsc.layouts import ANSWERS, DONE, MESSAGES, STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message: status and `err` as numbers and in our words, times, and what else was told ("" or None: not).

    `cost` is in the account's currency, `sms_cnt` counts segments, `id` is the client id, `int_id` the global one.
    """

    id: str
    phone: str
    status: int
    err: int
    words: str
    changed_at: datetime | None
    sent_at: datetime | None
    cost: Decimal | None
    sender_id: str
    status_name: str
    message: str
    mccmnc: str
    country: str
    operator: str
    region: str
    type: int | None
    int_id: str
    sms_cnt: int | None
    format: str
    crc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A message that was taken back before it was sent (`del=1`); the answer is `OK` alone [?]."""

    id: str
    phone: str
    result: str = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRow:
    """One incoming message; `id` grows, and is what `after_id` goes on from."""

    id: int
    received_at: datetime | None
    phone: str
    message: str
    to_phone: str
    sent_at: datetime | None


def status(
    credentials: Credentials, *, phone: Sequence[str], id_: Sequence[str], all_: int = 0, del_: bool = False
) -> HttpRequest:
    """The status of one or many messages: `phone` and `id` in the same order (A4 [W-st]). Consumes nothing.

    `all` 1 gives full information, 2 also country, operator and region. `del` takes a message back that is not
    sent yet (error 5 when that fails). Errors 1, 2, 3 (no such message), 4, 5, 9. At most five requests a minute
    for one message, one a minute for several. Raises ValueError when the lists differ in length.
    """
    if len(phone) != len(id_):
        raise ValueError("phone= and id= must have equally many values")
    if del_ and len(phone) != 1:
        raise ValueError("del=1 is for one message")
    numbers = tuple(map(digits, phone))  # one spelling: the limit is the message's, however it is asked about
    fields = forms.fields({"phone": numbers, "id": id_, "all": all_ or None, "del": del_})
    call = "status" if len(phone) == 1 else "status_bulk"
    return forms.request(call, "status.php", fields, credentials, besides=frozenset({"all", "del"}))


def messages(  # noqa: PLR0913 - the provider's own parameters
    credentials: Credentials,
    *,
    start: date | None = None,
    end: date | None = None,
    phone: Sequence[str] = (),
    email: Sequence[str] = (),
    format_: int | None = None,
    cnt: int | None = None,
    prev_id: int | None = None,
) -> HttpRequest:
    """What was sent, newest first (get.php get_messages, A6 [S1]).

    `start` to `end`: days of at most six months (without `end` until now). `phone`, `email`: only to these.
    `format` 0 SMS, 8 e-mail. `cnt` up to 1000. `prev_id`: only what is older than this int_id. Errors 1, 2, 3
    (none found: no rows), 4, 9. At most three identical requests a minute, thirty an hour.
    """
    values: dict[str, object] = {"start": start, "end": end, "phone": phone, "email": email, "format": format_}
    fields = (("get_messages", "1"), *forms.fields({**values, "cnt": cnt, "prev_id": prev_id}))
    return forms.request("messages", "get.php", fields, credentials)


def answers(
    credentials: Credentials,
    *,
    cnt: int | None = None,
    hour: int | None = None,
    after_id: int | None = None,
    to_phone: str = "",
) -> HttpRequest:
    """Incoming messages, oldest first (get.php get_answers, A6 [S1]). Consumes nothing.

    `cnt` up to 10000; `hour`: of the last so many hours, up to 168; `after_id`: only those after this id;
    `to_phone`: only those to this number. Errors 1, 2, 4, 9. At most three identical requests a minute.
    """
    values: dict[str, object] = {"cnt": cnt, "hour": hour, "after_id": after_id, "to_phone": to_phone}
    return forms.request("answers", "get.php", (("get_answers", "1"), *forms.fields(values)), credentials)


def _message(fields: Fields) -> MessageRow | None:
    number = readings.code(fields.get("status"))
    if number is None:
        return None
    err = readings.code(fields.get("err")) or 0
    return MessageRow(
        id=readings.identifier(fields.get("id")),
        phone=digits(fields.get("phone")),
        status=number,
        err=err,
        words=statuses.words(number, err),
        changed_at=readings.changed_at(fields, "last"),
        sent_at=readings.changed_at(fields, "send"),
        cost=amount(fields.get("cost")),
        sender_id=text(fields.get("sender_id")),
        status_name=text(fields.get("status_name")),
        message=text(fields.get("message")),
        mccmnc=text(fields.get("mccmnc")),
        country=text(fields.get("country")),
        operator=text(fields.get("operator")),
        region=text(fields.get("region")),
        type=whole(fields.get("type")),
        int_id=str(whole(fields.get("int_id")) or ""),
        sms_cnt=whole(fields.get("sms_cnt")),
        format=text(fields.get("format")),
        crc=text(fields.get("crc")),
    )


def _read_status(answer: Answer) -> Sequence[MessageRow | Deleted] | Refused:
    """Statuses, or the `OK` of `del=1`, which no status looks like in any format."""
    found = _STATUSES(answer)
    if isinstance(found, Refused) and not found.is_understood:
        deleted = _DELETED(answer)
        return found if isinstance(deleted, Refused) else deleted
    return found


def _deleted(fields: Fields) -> Deleted | None:
    return Deleted(id="", phone="") if fields.get("result") == "OK" else None


def _asked(records: Sequence[object], request: HttpRequest) -> Sequence[object]:
    """The one record of a single status with the pair it was asked for: the answer leaves it out (A4 [G-rb])."""
    if request.call != "status":
        return records
    asked = dict(request.form)
    return [
        replace(record, id=record.id or asked["id"], phone=record.phone or asked["phone"])
        if isinstance(record, MessageRow | Deleted)
        else record
        for record in records
    ]


_STATUSES: Final = rows(STATUS, _message)
_DELETED: Final = rows(DONE, _deleted)


def incoming(fields: Fields) -> IncomingRow | None:
    """One incoming message out of its fields; None without an id."""
    number = whole(fields.get("id"))
    if number is None:
        return None
    return IncomingRow(
        id=number,
        received_at=of_text(fields.get("received")),
        phone=digits(fields.get("phone")),
        message=text(fields.get("message")),
        to_phone=digits(fields.get("to_phone")),
        sent_at=of_text(fields.get("sent")),
    )


STATUS_CALL: Final = Call(
    name="status",
    meaning="the status of one or many messages",
    parameters=(
        Parameter(name="phone", meaning="numbers, separated by commas", kind=phones, required=True),
        Parameter(
            name="id", meaning="client ids in the same order, by commas", kind=words, required=True, argument="id_"
        ),
        Parameter(
            name="all", meaning="1: full, 2: also operator and region", kind=whole_number(0, 2), argument="all_"
        ),
        Parameter(name="del", meaning="1: delete a message not sent yet", kind=flag, argument="del_", needs_yes=True),
    ),
    build=status,
    read=_read_status,
    complete=_asked,
)
MESSAGES_CALL: Final = Call(
    name="messages",
    meaning="what was sent, newest first",
    parameters=(
        Parameter(name="start", meaning="first day, DD.MM.YYYY", kind=day),
        Parameter(name="end", meaning="last day, DD.MM.YYYY", kind=day),
        Parameter(name="phone", meaning="only to these numbers, by commas", kind=phones),
        Parameter(name="email", meaning="only to these addresses, by commas", kind=words),
        Parameter(name="format", meaning="0: SMS, 8: e-mail", kind=whole_number(0, 20), argument="format_"),
        Parameter(name="cnt", meaning="at most so many, up to 1000", kind=whole_number(1, 1000)),
        Parameter(name="prev_id", meaning="only older than this int_id", kind=whole_number(1, 10**17)),
    ),
    build=messages,
    read=rows(MESSAGES, _message, none_is_empty=True),
)
ANSWERS_CALL: Final = Call(
    name="answers",
    meaning="incoming messages, oldest first",
    parameters=(
        Parameter(name="cnt", meaning="at most so many, up to 10000", kind=whole_number(1, 10_000)),
        Parameter(name="hour", meaning="of the last so many hours, up to 168", kind=whole_number(1, 168)),
        Parameter(name="after_id", meaning="only after this id", kind=whole_number(0, 10**17)),
        Parameter(name="to_phone", meaning="only those to this number"),
    ),
    build=answers,
    read=rows(ANSWERS, incoming, none_is_empty=True),
)
