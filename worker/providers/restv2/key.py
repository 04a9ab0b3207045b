"""The API key, fetched or replaced with user name and password (key/get, key/reset: B3)."""

from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.providers.restv2 import errors, forms, readings


def build(credentials: Credentials) -> HttpRequest:
    """The API key, by user name and password (key/get, B3 [S0 S2]); ValueError without them.

    Error 101 (wrong credentials, or an address that is not on the list). No limit is documented.
    """
    return forms.request_by_name("key", "key/get", credentials)


def build_reset(credentials: Credentials) -> HttpRequest:
    """A new API key (key/reset, B3 [S0 S2]): it ends the old one for all who use the account, so never by itself.

    Error 101. No limit is documented. ValueError without user name and password.
    """
    return forms.request_by_name("key_reset", "key/reset", credentials)


def read(answer: Answer) -> str | Refused:
    """The key. A secret: neither the answer nor this may be journalled or logged."""
    match readings.key(answer):
        case str() as key:
            return key
        case failure:
            return errors.refused(failure, answer)
