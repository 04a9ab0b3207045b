"""Renting numbers to receive on (receive_phones.php, A8), confirming a person's by a call (wait_call.php, A9)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import amount, digits, text, whole
from worker.providers.parameters import flag, phone
from worker.providers.requests import Credentials, HttpRequest
from worker.providers.smsc import forms
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.calls.templates import done
from worker.providers.smsc.layouts import DONE, NUMBERS, RENTED, WAIT_CALL


@dataclass(frozen=True, slots=True, kw_only=True)
class RentableNumber:
    """A number for rent: `type` 1 or 4 virtual, 2 on a SIM; money for a whole month, and for what is left of it."""

    phone: str
    type: int | None
    cost: Decimal | None
    current_cost: Decimal | None
    info: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rented:
    """What was debited for the rest of the month."""

    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNumber:
    """The number a person must call within 15 minutes, and all that it might have been."""

    phone: str
    all_phones: tuple[str, ...]


def numbers(credentials: Credentials) -> HttpRequest:
    """Numbers that can be rented (`gets=1`, A8 [G-itp]; S4 shows the first letter only).

    Errors 1, 2, 4, 9. At most two identical requests a minute [S4].
    """
    return forms.request("numbers", "receive_phones.php", (("gets", "1"),), credentials)


def number_rent(credentials: Credentials, *, phone: str) -> HttpRequest:
    """Rent a number: the cost of the rest of the month is debited at once, and comes back (`buy=1`, A8 [S4]).

    In the account's currency. Errors 1, 2, 3 (no money [?]), 4, 9. At most two identical requests a minute.
    """
    return forms.request("numbers", "receive_phones.php", (("buy", "1"), ("phone", phone)), credentials)


def number_change(credentials: Credentials, *, phone: str, noprolong: bool) -> HttpRequest:
    """Whether a number is kept next month; `noprolong` ends it (`chg=1`, A8 [S4]). OK comes back.

    Errors 1 to 5 (3: no such number [?]), 9. At most two identical requests a minute.
    """
    fields = (("chg", "1"), ("phone", phone), ("noprolong", "1" if noprolong else "0"))
    return forms.request("numbers", "receive_phones.php", fields, credentials)


def wait_call(credentials: Credentials, *, phone: str) -> HttpRequest:
    """The number that the person with `phone` must call within 15 minutes to confirm it (A9 [S4]).

    The call comes as an incoming message `[waitcall]` and by callback. Errors 1, 2, 4, 9. At most fifty identical
    requests a minute.
    """
    return forms.request("wait_call", "wait_call.php", (("phone", phone),), credentials)


def _number(fields: Fields) -> RentableNumber | None:
    number = digits(fields.get("phone"))
    if not number:
        return None
    return RentableNumber(
        phone=number,
        type=whole(fields.get("type")),
        cost=amount(fields.get("cost")),
        current_cost=amount(fields.get("current_cost")),
        info=text(fields.get("info")),
    )


def _rented(fields: Fields) -> Rented | None:
    cost = amount(fields.get("cost"))
    return None if cost is None else Rented(cost=cost)


def _call_number(fields: Fields) -> CallNumber | None:
    number, others = digits(fields.get("phone")), fields.get("all_phones")
    if not number:
        return None
    listed = others if isinstance(others, list) else text(others).split(",")
    return CallNumber(phone=number, all_phones=tuple(found for other in listed if (found := digits(_one(other)))))


def _one(value: object) -> object:
    """An element of `<all_phones>`, whatever its tag."""
    return next(iter(value.values()), "") if isinstance(value, dict) else value


NUMBERS_CALL: Final = Call(
    name="numbers",
    meaning="numbers that can be rented to receive on",
    build=numbers,
    read=rows(NUMBERS, _number, none_is_empty=True),
)
RENT_CALL: Final = Call(
    name="number_rent",
    meaning="rent a number: its cost is debited at once",
    parameters=(Parameter(name="phone", meaning="the number", kind=phone, required=True),),
    build=number_rent,
    read=rows(RENTED, _rented),
    needs_yes=True,
)
CHANGE_CALL: Final = Call(
    name="number_change",
    meaning="keep a rented number next month, or not",
    parameters=(
        Parameter(name="phone", meaning="the number", kind=phone, required=True),
        Parameter(name="noprolong", meaning="1: not kept next month, 0: kept", kind=flag, required=True),
    ),
    build=number_change,
    read=rows(DONE, done),
    needs_yes=True,
)
WAIT_CALL_CALL: Final = Call(
    name="wait_call",
    meaning="the number a person must call to confirm theirs",
    parameters=(Parameter(name="phone", meaning="the person's number", kind=phone, required=True),),
    build=wait_call,
    read=rows(WAIT_CALL, _call_number),
)
