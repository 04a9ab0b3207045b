"""Asking how many SMS a restv2 account has left (balance/get)."""

from decimal import Decimal

from worker.providers.reports import Balance, Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.restv2 import errors, forms, readings


def build(credentials: Credentials) -> HttpRequest:
    """How many SMS are left (balance/get, B6 [S2]). Error 101. No limit is documented."""
    return forms.request("balance", "balance/get", (), credentials)


def read(answer: Answer) -> Balance | Refused:
    """A number of SMS, not money (B6 [S2])."""
    match readings.balance(answer):
        case Decimal() as left:
            return Balance(amount=left)
        case failure:
            return errors.refused(failure, answer)
