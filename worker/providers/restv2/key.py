"""The API key, fetched or replaced with user name and password (key/get, key/reset: B3)."""

from worker.providers.interface import Answer, Credentials, HttpRequest, Refused
from worker.providers.restv2 import errors, forms, readings


def build(credentials: Credentials) -> HttpRequest:
    """One key/get request; ValueError without user name and password."""
    return forms.request_by_name("key", "key/get", credentials)


def build_reset(credentials: Credentials) -> HttpRequest:
    """One key/reset request: it ends the old key for everyone who uses the account, so never by itself (B3)."""
    return forms.request_by_name("key_reset", "key/reset", credentials)


def read(answer: Answer) -> str | Refused:
    """The key. A secret: neither the answer nor this may be journalled or logged."""
    match readings.key(answer):
        case str() as key:
            return key
        case failure:
            return errors.refused(failure, answer)
