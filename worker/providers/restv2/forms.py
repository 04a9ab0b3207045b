"""What every restv2 request has in common: path, answer format and credentials. POST, though v2 documents
GET: clients post successfully (B1), and keys and texts stay out of access logs.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from worker.providers.requests import Credentials, Dialect, HttpRequest

FORMATS: Final = ("json", "v2", "xml")  # B1 [S0 S2]: `type`; the provider's own default is v2
_JSON: Final = "json"


def request(call: str, verb: str, fields: Iterable[tuple[str, str]], credentials: Credentials) -> HttpRequest:
    """A POST of `fields` to `/api/<verb>`, authenticated by key, or by user name and password without one."""
    if credentials.key:
        return _request(call, verb, fields, credentials, (("key", credentials.key),))
    return _request(call, verb, fields, credentials, named(credentials))


def request_by_name(call: str, verb: str, credentials: Credentials) -> HttpRequest:
    """A POST that must carry user name and password: key/get and key/reset (B3 [S0 S2]). ValueError without them."""
    if not (credentials.login and credentials.password):
        raise ValueError(f"{verb} needs the account's login (user name) and password")
    return _request(call, verb, (), credentials, named(credentials))


def named(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """User name and password as form fields."""
    return (("username", credentials.login), ("password", credentials.password))


def _request(
    call: str,
    verb: str,
    fields: Iterable[tuple[str, str]],
    credentials: Credentials,
    secrets: tuple[tuple[str, str], ...],
) -> HttpRequest:
    dialect = _spoken(credentials.dialect)
    form = (*fields, ("type", dialect.format))
    return HttpRequest(call=call, path=f"/api/{verb}", form=form, credentials=secrets, dialect=dialect)


@lru_cache(maxsize=64)  # a dialect is an account's own, and one is made for each of its requests otherwise
def _spoken(dialect: Dialect) -> Dialect:
    return replace(dialect, format=dialect.format or _JSON, charset="utf-8")
