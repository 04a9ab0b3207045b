"""Facts about numbers and links: info.php get_operator and tinyurls.php (A6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from worker.providers.interface import Call, Parameter
from worker.providers.json_values import digits, text, whole
from worker.providers.parameters import phones
from worker.providers.requests import Credentials, HttpRequest
from worker.providers.smsc import forms
from worker.providers.smsc.calls.reading import Fields, rows
from worker.providers.smsc.layouts import OPERATOR, TINYURL


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRow:
    """Whose number it is by its range; ported numbers are not recognised. `phone` is empty when one was asked.

    `tz` is a number of hours; whether from Moscow or UTC is not documented (A6).
    """

    phone: str
    country: str
    operator: str
    region: str
    mcc: str
    mnc: str
    tz: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyUrl:
    """Clicks on one short link: all, this month, today, yesterday, the month before."""

    id: str
    cnt: int | None
    cnt_mon: int | None
    cnt_day: int | None
    cnt_yes: int | None
    cnt_pmon: int | None
    link: str


def operator(credentials: Credentials, *, phone: Sequence[str]) -> HttpRequest:
    """Country, operator, region, codes and zone of one or many numbers (info.php get_operator, A6 [S1]).

    Errors 1, 2, 3 (operator not found), 4, 9. At most three identical requests a minute, a hundred of any kind.
    """
    fields = (("get_operator", "1"), *forms.fields({"phone": phone}))
    return forms.request("operator", "info.php", fields, credentials)


def tinyurl(credentials: Credentials, *, link: str = "", id_: str = "") -> HttpRequest:
    """Clicks on a short link, asked for by the full `link` or the short one's `id` (tinyurls.php, A6 [S1]).

    Errors 1, 2, 3 (no such link), 4, 9. At most three identical requests a minute. Raises ValueError.
    """
    if bool(link) == bool(id_):
        raise ValueError("give link= or id=")
    fields = (("get", "1"), *forms.fields({"link": link, "id": id_}))
    return forms.request("tinyurl", "tinyurls.php", fields, credentials)


def _operator(fields: Fields) -> OperatorRow | None:
    row = OperatorRow(
        phone=digits(fields.get("phone")),
        country=text(fields.get("country")),
        operator=text(fields.get("operator")),
        region=text(fields.get("region")),
        mcc=text(fields.get("mcc")),
        mnc=text(fields.get("mnc")),
        tz=text(fields.get("tz")),
    )
    return row if row.country or row.operator or row.mcc else None


def _tinyurl(fields: Fields) -> TinyUrl | None:
    identifier = text(fields.get("id"))
    if not identifier:
        return None
    return TinyUrl(
        id=identifier,
        cnt=whole(fields.get("cnt")),
        cnt_mon=whole(fields.get("cnt_mon")),
        cnt_day=whole(fields.get("cnt_day")),
        cnt_yes=whole(fields.get("cnt_yes")),
        cnt_pmon=whole(fields.get("cnt_pmon")),
        link=text(fields.get("link")),
    )


OPERATOR_CALL: Final = Call(
    name="operator",
    meaning="country, operator and region of numbers",
    parameters=(Parameter(name="phone", meaning="numbers, separated by commas", kind=phones, required=True),),
    build=operator,
    read=rows(OPERATOR, _operator),
)
TINYURL_CALL: Final = Call(
    name="tinyurl",
    meaning="clicks on a short link",
    parameters=(
        Parameter(name="link", meaning="the full link"),
        Parameter(name="id", meaning="the short link's id", argument="id_"),
    ),
    build=tinyurl,
    read=rows(TINYURL, _tinyurl),
)
