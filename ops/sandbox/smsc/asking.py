"""Deciding about small questions: the balance, whose number it is, a short link (A5, A6)."""

from typing import Final

from ops.sandbox.gateway import Gateway, Visit
from ops.sandbox.limits import BALANCE, IDENTICAL_OPERATOR, IDENTICAL_TINYURL, OPERATOR
from ops.sandbox.parameters import fingerprint
from ops.sandbox.smsc.answers import TOO_MANY, Answer, Balance, OperatorRow, Operators, Refusal, TinyUrl
from ops.sandbox.smsc.operators import operator_of
from ops.sandbox.smsc.reading import BAD, read_phones

_TOO_MANY: Final = Refusal(code=9, text=TOO_MANY)
_NO_OPERATOR: Final = Refusal(code=3, text="operator not found")
_NO_LINK: Final = Refusal(code=3, text="link not found")


def decide_balance(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `balance.php` (A5)."""
    currency = visit.parameters.get("cur") or "0"
    if currency not in {"0", "1"}:
        return BAD
    if not visit.account.limits.admits(BALANCE, None, visit.arrived):
        return _TOO_MANY
    return Balance(amount=visit.account.balance, currency="RUR" if currency == "1" else "")


def decide_operator(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `get_operator=1`; of many numbers an unknown one gives an empty row (a guess), none known error 3."""
    limits, given = visit.account.limits, visit.parameters.get("phone", "")
    phones = read_phones(given)
    if not phones:
        return BAD
    key = fingerprint(visit.parameters, id_counts=True)
    if not limits.admits(IDENTICAL_OPERATOR, key, visit.arrived) or not limits.admits(OPERATOR, None, visit.arrived):
        return _TOO_MANY
    found = [operator_of(phone) for phone in phones]
    if not any(found):
        return _NO_OPERATOR
    rows = (row or _nobody(phone) for row, phone in zip(found, phones, strict=True))
    return Operators(found=tuple(rows), multiple="," in given)


def decide_tinyurl(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `tinyurls.php?get=1` by `link` or `id`."""
    link, own = visit.parameters.get("link", ""), visit.parameters.get("id", "")
    if bool(link) == bool(own):
        return BAD
    if not visit.account.limits.admits(
        IDENTICAL_TINYURL, fingerprint(visit.parameters, id_counts=True), visit.arrived
    ):
        return _TOO_MANY
    found = visit.account.cabinet.link_of(own, link)
    if found is None:
        return _NO_LINK
    clicks = found.clicks(gateway.unix())
    return TinyUrl(
        id=found.id,
        cnt=clicks.all,
        cnt_mon=clicks.month,
        cnt_day=clicks.day,
        cnt_yes=clicks.yesterday,
        cnt_pmon=clicks.last_month,
        link=found.short,
    )


def _nobody(phone: str) -> OperatorRow:
    return OperatorRow(phone=phone, country="", operator="", region="", mcc="", mnc="", tz="")
