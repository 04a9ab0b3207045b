"""Version 3, a superset that some hosts offer: calls for an account that asks for it (B5, B8, B10).

Only client libraries show these answers, no document (B4 [G-pysc]). A host is probed once, by `probe`, before
any other call of version 3 is made: what v2 does not know must never be assumed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import amount, digits, members, moment, text, whole
from worker.providers.parameters import phone
from worker.providers.parameters import whole as whole_number
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.restv2 import errors, forms, readings
from worker.providers.restv2.drain import STATUSES

Fields = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message's status: the provider's word and ours, cost in SMS, `ttd` time to delivery (seconds [?])."""

    id: str
    status: str
    words: str
    cost: Decimal | None
    ttd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRow:
    """One sent message in the history, enough to match one whose answer was lost: sender, number, text, time."""

    id: str
    sender: str
    to: str
    text: str
    sent_at: datetime | None
    status: str
    cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The message was taken back."""

    remarks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mobile:
    """A number as the provider reads it."""

    msisdn: str
    country: str
    mcc: str
    mnc: str
    cost: Decimal | None


def request(call: str, verb: str, fields: Sequence[tuple[str, str]], credentials: Credentials) -> HttpRequest:
    """In JSON or XML: what version 3 says in plain text is not known."""
    dialect = credentials.dialect
    if dialect.format == "v2":
        credentials = replace(credentials, dialect=replace(dialect, format="json"))
    return forms.request(call, verb, fields, credentials)


def probe(credentials: Credentials) -> HttpRequest:
    """A harmless call that only version 3 has: status/sms of no message."""
    return request("probe", "status/sms", (("smsId", "1"),), credentials)


def read_probe(answer: Answer) -> bool | None:
    """Whether the host knows version 3; None when the answer does not tell (a 5xx, a refusal of the account)."""
    if answer.status == 404:
        return False
    fields = readings.succeeded(answer)
    # v2 has no `error` member (B2): an answer that says "no error" comes from version 3
    return True if isinstance(fields, dict) and "error" in fields else None


def status_sms(credentials: Credentials, *, sms_id: int) -> HttpRequest:
    """The status of one message, by the provider's id (B8 [G-pysc]); `cost` in SMS. Consumes nothing.

    Without a report yet there is no row. Error 101. No limit is documented.
    """
    return request("status_sms", "status/sms", (("smsId", str(sms_id)),), credentials)


def history(credentials: Credentials, *, to: str = "", limit: int | None = None) -> HttpRequest:
    """What was sent, newest first (B10 [G-pysc]); `to` and `limit` are not documented [?].

    Error 101. No limit of requests is documented.
    """
    fields = [("to", to)] if to else []
    if limit is not None:
        fields.append(("limit", str(limit)))
    return request("history", "history/single/list", fields, credentials)


def cancel(credentials: Credentials, *, sms_id: int) -> HttpRequest:
    """Take back a message whose `timestamp` is still to come (B5 [G-pysc]). Errors 101, 106 (it cannot be).

    No limit is documented.
    """
    return request("cancel", "sms/cancel", (("smsId", str(sms_id)),), credentials)


def mobile_check(credentials: Credentials, *, mobile: str) -> HttpRequest:
    """A number as the provider reads it: country, operator codes, cost (B10 [W-easy G-lar]). Needs no credentials.

    Error 103 (no number). Documented for tens of thousands in a second; no limit.
    """
    return request("mobile_check", "mobile/check", (("mobile", mobile),), credentials)


def read_history(answer: Answer) -> tuple[PastRow, ...] | Refused:
    """What was sent, in the order of the answer."""
    fields = readings.succeeded(answer)
    if not isinstance(fields, dict):
        return errors.refused(fields, answer)
    return tuple(row for item in rows_of(fields) if (row := _past(item)) is not None)


def _rows(fill: Callable[[Fields], object | None]) -> Callable[[Answer], tuple[object, ...] | Refused]:
    """A `Call.read` of the numbered rows of an answer."""

    def read(answer: Answer) -> tuple[object, ...] | Refused:
        fields = readings.succeeded(answer)
        if not isinstance(fields, dict):
            return errors.refused(fields, answer)
        return tuple(row for item in rows_of(fields) if (row := fill(item)) is not None)

    return read


def numbered(fields: Fields) -> list[object]:
    """The rows of an answer, as they are: members "0", "1", …"""
    return [value for name, value in fields.items() if name.isascii() and name.isdecimal()]


def rows_of(fields: Fields) -> list[Fields]:
    """The fields of each row of an answer; none for what is no row."""
    return [members(item) or {} for item in numbered(fields)]


def _read_cancelled(answer: Answer) -> tuple[Cancelled, ...] | Refused:
    fields = readings.succeeded(answer)
    if not isinstance(fields, dict):
        return errors.refused(fields, answer)
    return (Cancelled(remarks=text(fields.get("remarks"))),)


def _read_mobile(answer: Answer) -> tuple[Mobile, ...] | Refused:
    fields = readings.succeeded(answer)
    if not isinstance(fields, dict):
        return errors.refused(fields, answer)
    row = members(fields.get("mobile")) or {}
    number = digits(row.get("msisdn"))
    if not number:
        return ()
    found = Mobile(
        msisdn=number,
        country=text(row.get("country")),
        mcc=text(row.get("mcc")),
        mnc=text(row.get("mnc")),
        cost=amount(row.get("cost")),
    )
    return (found,)


def message_row(fields: Fields) -> MessageRow | None:
    """One row of status/sms; None where it names no message."""
    identifier, status = readings.any_id(fields), text(fields.get("status"), 16)
    if not identifier.isdecimal():
        return None
    _, words = STATUSES.get(status.lower(), (None, "a status that no document lists"))
    return MessageRow(
        id=identifier, status=status, words=words, cost=amount(fields.get("cost")), ttd=whole(fields.get("ttd"))
    )


def _past(fields: Fields) -> PastRow | None:
    identifier = readings.any_id(fields)
    if not identifier.isdecimal():
        return None
    return PastRow(
        id=identifier,
        sender=text(fields.get("sender")),
        to=digits(fields.get("to")),
        text=text(fields.get("text")),
        sent_at=moment(fields.get("timestamp")),
        status=text(fields.get("status"), 16),
        cost=amount(fields.get("cost")),
    )


_SMS_ID: Final = Parameter(
    name="smsId",
    meaning="the provider's id of the message",
    kind=whole_number(1, 10**17),
    required=True,
    argument="sms_id",
)

CALLS: Final[Mapping[str, Call]] = {
    call.name: call
    for call in (
        Call(
            name="status_sms",
            meaning="the status of one message (version 3)",
            parameters=(_SMS_ID,),
            build=status_sms,
            read=_rows(message_row),
            is_optional=True,
        ),
        Call(
            name="history",
            meaning="what was sent, newest first (version 3)",
            parameters=(
                Parameter(name="to", meaning="only to this number", kind=phone),
                Parameter(name="limit", meaning="at most so many", kind=whole_number(1, 1000)),
            ),
            build=history,
            read=read_history,
            is_optional=True,
        ),
        Call(
            name="cancel",
            meaning="take back a message that is to be sent later (version 3)",
            parameters=(_SMS_ID,),
            build=cancel,
            read=_read_cancelled,
            needs_yes=True,
            is_optional=True,
        ),
        Call(
            name="mobile_check",
            meaning="a number as the provider reads it (version 3)",
            parameters=(Parameter(name="mobile", meaning="the number", kind=phone, required=True),),
            build=mobile_check,
            read=_read_mobile,
            is_optional=True,
        ),
    )
}
