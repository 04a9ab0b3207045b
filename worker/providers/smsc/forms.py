"""What every smsc request has in common: script, format, charset, credentials and fingerprint."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from worker.providers.requests import Credentials, Dialect, HttpRequest

FORMATS: Final = ("3", "0", "1", "2")  # A1: `fmt`; the provider's own default is 0
CHARSETS: Final = ("utf-8", "windows-1251", "koi8-r")  # A1: `charset`; the provider's own default is windows-1251
_JSON: Final = "3"
_UTF_8: Final = "utf-8"
_USUAL: Final = (("fmt", _JSON), ("charset", _UTF_8))

Fields = tuple[tuple[str, str], ...]


def request(
    call: str,
    script: str,
    fields: Iterable[tuple[str, str]],
    credentials: Credentials,
    *,
    besides: frozenset[str] = frozenset(),
) -> HttpRequest:
    """A POST of `fields` to `/sys/<script>`; fields named in `besides` do not count in its fingerprint."""
    asked = tuple(fields)
    dialect = spoken(credentials.dialect, asked)
    return HttpRequest(
        call=call,
        path=f"/sys/{script}",
        form=(*asked, ("fmt", dialect.format), ("charset", dialect.charset)),
        credentials=_credentials(credentials),
        fingerprint=fingerprint(call, asked, besides),
        dialect=dialect,
    )


def rest_request(
    call: str, fields: Iterable[tuple[str, str]], credentials: Credentials, *, besides: frozenset[str]
) -> HttpRequest:
    """A POST of `fields` as a JSON object to `/rest/send/`, which answers JSON by itself (A1 [W-send, G-net])."""
    asked = tuple(fields)
    return HttpRequest(
        call=call,
        path="/rest/send/",
        form=asked,
        credentials=_credentials(credentials),
        fingerprint=fingerprint(call, asked, besides),
        dialect=Dialect(format=_JSON, charset=_UTF_8),
        is_json=True,
    )


def fields(values: dict[str, object]) -> Fields:
    """Values as the provider writes them; None, False, "" and () are left out. A final `_` is not of the name."""
    return tuple((name.rstrip("_"), _text(value)) for name, value in values.items() if not _is_absent(value))


def spoken(asked: Dialect, form: Fields) -> Dialect:
    """The dialect of one request: utf-8 instead of a charset that has no letters for what is to be said."""
    charset = asked.charset or _UTF_8
    try:
        for _, value in form:
            value.encode(charset)
    except (UnicodeEncodeError, LookupError):
        charset = _UTF_8
    return replace(asked, format=asked.format or _JSON, charset=charset)


def fingerprint(call: str, form: Fields, besides: frozenset[str]) -> str:
    """What makes two requests identical to the provider, as far as is known: call and parameters (A3).

    The same on every host and in every run, because all workers share the fence; and the same in every
    format, because whether the format counts is not known.
    """
    digest = hashlib.blake2b(call.encode(), digest_size=16)
    for name, value in sorted(field for field in (*form, *_USUAL) if field[0] not in besides):
        digest.update(f"\0{name}\0{len(value)}\0{value}".encode(errors="replace"))
    return digest.hexdigest()


def _is_absent(value: object) -> bool:
    """0 is there: `tz=0` is Moscow, no `tz` the account's own zone."""
    return value is None or value is False or value in ("", ())


def _text(value: object) -> str:
    match value:
        case True:
            return "1"
        case date():
            return value.strftime("%d.%m.%Y")
        case str():
            return value
        case Sequence():
            return ",".join(map(str, value))
        case _:
            return str(value)


def _credentials(credentials: Credentials) -> Fields:
    """An API key instead of login and password, where there is one (A1 [S1, W-send])."""
    if credentials.key:
        return (("apikey", credentials.key),)
    return (("login", credentials.login), ("psw", credentials.password))
