"""What every smsc request has in common: script, format, charset, credentials and fingerprint."""

import hashlib
from collections.abc import Iterable
from typing import Final

from worker.providers.interface import Credentials, HttpRequest

_COMMON: Final = (
    ("fmt", "3"),  # A1: JSON; the default is free text
    ("charset", "utf-8"),  # A1: of the request and of the answer; the default is windows-1251
)


def request(
    call: str,
    script: str,
    fields: Iterable[tuple[str, str]],
    credentials: Credentials,
    *,
    besides: frozenset[str] = frozenset(),
) -> HttpRequest:
    """A POST of `fields` to `/sys/<script>`; fields named in `besides` do not count in its fingerprint."""
    form = (*fields, *_COMMON)
    return HttpRequest(
        call=call,
        path=f"/sys/{script}",
        form=form,
        credentials=_credentials(credentials),
        fingerprint=_fingerprint(call, (field for field in form if field[0] not in besides)),
    )


def _credentials(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """An API key instead of login and password, where there is one (A1 [S1, W-send])."""
    if credentials.key:
        return (("apikey", credentials.key),)
    return (("login", credentials.login), ("psw", credentials.password))


def _fingerprint(call: str, form: Iterable[tuple[str, str]]) -> str:
    """What makes two requests identical to the provider, as far as is known: call and parameters (A3).

    The same on every host and in every run, because all workers share the fence.
    """
    digest = hashlib.blake2b(call.encode(), digest_size=16)
    for name, value in sorted(form):
        digest.update(f"\0{name}\0{len(value)}\0{value}".encode(errors="replace"))
    return digest.hexdigest()
