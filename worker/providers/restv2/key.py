"""Fetching the API key with user name and password (key/get). Never key/reset: it would end everyone's key (B3)."""

from worker.providers.interface import Answer, Credentials, HttpRequest, Refused
from worker.providers.restv2 import errors, forms, json_answers


def build(credentials: Credentials) -> HttpRequest:
    """One key/get request; ValueError without user name and password."""
    if not (credentials.login and credentials.password):
        raise ValueError("key/get needs a user name and a password")
    return forms.request_by_name("key", "key/get", credentials)


def read(answer: Answer) -> str | Refused:
    """The key. A secret: neither the answer nor this may be journalled or logged."""
    match json_answers.key(answer):
        case str() as key:
            return key
        case failure:
            return errors.refused(failure, answer)
