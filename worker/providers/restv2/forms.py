"""What every restv2 request has in common: path, answer format and credentials. POST, though v2 documents
GET: clients post successfully (B1), and keys and texts stay out of access logs.
"""

from collections.abc import Iterable

from worker.providers.interface import Credentials, HttpRequest


def request(call: str, verb: str, fields: Iterable[tuple[str, str]], credentials: Credentials) -> HttpRequest:
    """A POST of `fields` to `/api/<verb>`, authenticated by key, or by user name and password without one."""
    by_name = not credentials.key
    return _request(call, verb, fields, named(credentials) if by_name else (("key", credentials.key),))


def request_by_name(call: str, verb: str, credentials: Credentials) -> HttpRequest:
    """A POST that must carry user name and password: key/get (B3 [S0 S2])."""
    return _request(call, verb, (), named(credentials))


def named(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    """User name and password as form fields."""
    return (("username", credentials.login), ("password", credentials.password))


def _request(
    call: str, verb: str, fields: Iterable[tuple[str, str]], credentials: tuple[tuple[str, str], ...]
) -> HttpRequest:
    # B1: the default answer format is bare text, in which a failed send is just `0`
    return HttpRequest(call=call, path=f"/api/{verb}", form=(*fields, ("type", "json")), credentials=credentials)
