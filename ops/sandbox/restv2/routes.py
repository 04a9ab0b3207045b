"""The restv2 family's HTTP dialect: paths, credentials, and what is said at the door (PROVIDERS.md part B)."""

from collections.abc import Callable

from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.config import Family
from ops.sandbox.door import Choose, Decide, Dialect, Door
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.parameters import Parameters, read_restv2
from ops.sandbox.restv2.answers import Failed, reply
from ops.sandbox.restv2.deciding import (
    decide_balance,
    decide_drain,
    decide_key,
    decide_key_reset,
    decide_send,
    kind_of,
)

_VERBS: tuple[tuple[str, Call, Decide], ...] = (
    ("/api/sms/send", Call.SEND, decide_send),
    ("/api/status/get", Call.DRAIN, decide_drain),
    ("/api/balance/get", Call.BALANCE, decide_balance),
)
_KEY_VERBS: tuple[tuple[str, Call, Decide], ...] = (
    ("/api/key/get", Call.KEY_GET, decide_key),
    ("/api/key/reset", Call.KEY_RESET, decide_key_reset),
)


def add_routes(app: web.Application, gateway: Gateway) -> None:
    """Put the family's calls under `/api/`."""
    _add(app, gateway, _VERBS, _dialect(identify))
    _add(app, gateway, _KEY_VERBS, _dialect(identify_person))


def _add(
    app: web.Application, gateway: Gateway, verbs: tuple[tuple[str, Call, Decide], ...], dialect: Dialect
) -> None:
    door = Door(gateway, dialect)
    for path, call, decide in verbs:
        handler = door.handler(read_restv2, _always(call, decide))
        app.router.add_get(path, handler, allow_head=False)
        app.router.add_post(path, handler)


def _dialect(identified: Callable[[Gateway, Parameters], Account | None]) -> Dialect:
    return Dialect(identify=identified, stranger=stranger, unreadable=stranger, turned_away=turned_away)


def _always(call: Call, decide: Decide) -> Choose:
    return lambda _parameters: (call, decide)


def identify(gateway: Gateway, parameters: Parameters) -> Account | None:
    """Find the account by `key`, or by `username` and `password` (B1)."""
    if parameters.get("key"):
        return gateway.by_key(Family.RESTV2, parameters["key"])
    return identify_person(gateway, parameters)


def identify_person(gateway: Gateway, parameters: Parameters) -> Account | None:
    """Find the account by `username` and `password`, which the key calls require (B3)."""
    login, secret = parameters.get("username", ""), parameters.get("password", "")
    return gateway.by_login(Family.RESTV2, login, secret)


def stranger(parameters: Parameters) -> Reply:
    """Answer a request without valid credentials, or one that cannot be read: 101."""
    return reply(Failed(error=101), kind_of(parameters))


def turned_away(visit: Visit) -> Reply | None:
    """Refuse what is refused before a request is read: switches (a closed IP list says 101 too, B1), xml."""
    switches = visit.account.switches
    if switches.wrong_credentials or switches.blocked:
        return stranger(visit.parameters)
    if kind_of(visit.parameters) not in {"json", "v2"}:
        return Reply(body=b"the sandbox answers type=json and v2 only", content_type="text/plain", status=501)
    return None
