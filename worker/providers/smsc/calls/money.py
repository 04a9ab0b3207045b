"""Money: balance.php, get.php get_stat and get_price (A5, A6)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import amount, members, text, whole
from worker.providers.parameters import day, flag
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.smsc import errors, forms, readings
from worker.providers.smsc.answers import BalanceRow, Failed, Unreadable
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.layouts import PRICE, STAT


@dataclass(frozen=True, slots=True, kw_only=True)
class StatRow:
    """What one login sent in a span: `sms` messages; `credit` and `debit` as the provider calls them, in `currency`.

    The document swaps the meaning words of credit and debit (A6), so they are given as they come.
    """

    login: str
    sms: int
    credit: Decimal | None
    debit: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePrice:
    """What one SMS costs in a zone, in the account's currency: by `api`, by the cabinet (`mass`), and other kinds."""

    zone: str
    name: str
    api: Decimal | None
    mass: Decimal | None
    mms: Decimal | None
    hlr: Decimal | None
    call: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPrice:
    """A tariff of its own for one operator, by its mobile country and network code."""

    mccmnc: str
    cost: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPrice:
    """What an e-mail costs."""

    mail: Decimal


def balance(credentials: Credentials, *, cur: bool = True) -> HttpRequest:
    """How much money is left (balance.php, A5 [W-bal]).

    `cur` adds the currency, and the credit when there is one. Errors 1, 2, 4, 9. At most ten requests a minute.
    """
    return forms.request("balance", "balance.php", forms.fields({"cur": cur}), credentials)


def stat(
    credentials: Credentials, *, start: date, end: date | None = None, mycur: bool = False, balance2: bool = False
) -> HttpRequest:
    """How much each login sent from `start` to `end`, and for how much (get.php get_stat, A6 [S1]).

    Without `end` from `start` on. `mycur`: in the account's present currency. `balance2`: what was paid from the
    electronic balance. Errors 1, 2, 4, 9. At most three requests a minute.
    """
    values: dict[str, object] = {"start": start, "end": end, "mycur": mycur, "balance2": balance2}
    return forms.request("stat", "get.php", (("get_stat", "1"), *forms.fields(values)), credentials)


def price(credentials: Credentials) -> HttpRequest:
    """The account's tariffs: by zone, by operator, of an e-mail (get.php get_price, A6 [S1]).

    Errors 1, 2, 4, 9. At most three identical requests a minute.
    """
    return forms.request("price", "get.php", (("get_price", "1"),), credentials)


def read_price(answer: Answer) -> tuple[ZonePrice | OperatorPrice | MailPrice, ...] | Refused:
    """Zones first, then tariffs by operator, then the e-mail's."""
    fields = readings.one(answer, PRICE)
    if not isinstance(fields, dict):
        return errors.refused(fields, answer)
    zones = [_zone(row) for row in _rows(fields.get("zones"))]
    codes = [
        OperatorPrice(mccmnc=text(row.get("mccmnc")), cost=amount(row.get("cost")))
        for row in _rows(fields.get("codes"))
    ]
    mail = amount(fields.get("mail"))
    return (*zones, *codes, *([] if mail is None else [MailPrice(mail=mail)]))


def read_balance(answer: Answer) -> tuple[BalanceRow, ...] | Refused:
    """One record."""
    match readings.balance(answer):
        case BalanceRow() as row:
            return (row,)
        case Failed() | Unreadable() as failure:
            return errors.refused(failure, answer)


def _stat(fields: Fields) -> StatRow | None:
    count = whole(fields.get("sms"))
    if count is None:
        return None
    return StatRow(
        login=text(fields.get("login")),
        sms=count,
        credit=amount(fields.get("credit")),
        debit=amount(fields.get("debit")),
        currency=text(fields.get("currency")),
    )


def _zone(row: Fields) -> ZonePrice:
    return ZonePrice(
        zone=text(row.get("zone")),
        name=text(row.get("name")),
        api=amount(row.get("api")),
        mass=amount(row.get("mass")),
        mms=amount(row.get("mms")),
        hlr=amount(row.get("hlr")),
        call=amount(row.get("call")),
    )


def _rows(value: object) -> list[Fields]:
    return [fields for item in value if (fields := members(item))] if isinstance(value, list) else []


BALANCE_CALL: Final = Call(
    name="balance",
    meaning="how much money is left",
    parameters=(Parameter(name="cur", meaning="0: without the currency", kind=flag),),
    build=balance,
    read=read_balance,
)
STAT_CALL: Final = Call(
    name="stat",
    meaning="how much was sent in a span of days, and for how much",
    parameters=(
        Parameter(name="start", meaning="first day, DD.MM.YYYY", kind=day, required=True),
        Parameter(name="end", meaning="last day, DD.MM.YYYY", kind=day),
        Parameter(name="mycur", meaning="1: in the account's present currency", kind=flag),
        Parameter(name="balance2", meaning="1: what was paid from the electronic balance", kind=flag),
    ),
    build=stat,
    read=rows(STAT, _stat, none_is_empty=True),
)
PRICE_CALL: Final = Call(name="price", meaning="the account's tariffs", build=price, read=read_price)
