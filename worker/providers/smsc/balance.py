"""Asking how much money an smsc account has left (balance.php)."""

from typing import Final

from worker.providers.reports import Balance, Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.smsc import errors, forms, readings
from worker.providers.smsc.answers import BalanceRow

_NO_CURRENCY: Final = "XXX"  # ISO 4217: no currency named; never empty, because it is money


def build(credentials: Credentials) -> HttpRequest:
    """One balance.php request; `cur=1` adds the currency (A5 [W-bal])."""
    return forms.request("balance", "balance.php", (("cur", "1"),), credentials)


def read(answer: Answer) -> Balance | Refused:
    """The balance, without credit."""
    match readings.balance(answer):
        case BalanceRow(balance=balance, currency=currency):
            return Balance(amount=balance, currency=currency or _NO_CURRENCY)
        case failure:
            return errors.refused(failure, answer)
