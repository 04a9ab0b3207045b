"""The restv2 family's HTTP dialect: paths, credentials, and what is said at the door (PROVIDERS.md part B)."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.config import Family
from ops.sandbox.door import Choose, Decide, Dialect, Door, respond
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.parameters import Parameters, read_restv2
from ops.sandbox.restv2.answers import Answer, Failed
from ops.sandbox.restv2.asking import decide_balance, decide_drain, decide_key, decide_key_reset
from ops.sandbox.restv2.replying import NOT_FOUND, answer_to, kind_of, reply
from ops.sandbox.restv2.sending import decide_bulk, decide_send
from ops.sandbox.restv2.version3 import answer_mobile, decide_cancel, decide_past, decide_report

Verbs = tuple[tuple[str, Call, Callable[[Gateway, Visit], Answer | Reply]], ...]

_VERBS: Final[Verbs] = (
    ("sms/send", Call.SEND, decide_send),
    ("status/get", Call.DRAIN, decide_drain),
    ("balance/get", Call.BALANCE, decide_balance),
)
_KEY_VERBS: Final[Verbs] = (
    ("key/get", Call.KEY_GET, decide_key),
    ("key/reset", Call.KEY_RESET, decide_key_reset),
)
_V3_VERBS: Final[Verbs] = (
    ("sms/bulk", Call.SEND, decide_bulk),
    ("sms/cancel", Call.CANCEL, decide_cancel),
    ("status/sms", Call.STATUS, decide_report),
    ("me/balance", Call.BALANCE, decide_balance),
    ("history/single/list", Call.HISTORY, decide_past),
)


def add_routes(app: web.Application, gateway: Gateway) -> None:
    """Put the family's calls under `/api/`; whatever else is asked for there is not found."""
    _add(app, gateway, _VERBS, _dialect(identify))
    _add(app, gateway, _KEY_VERBS, _dialect(identify_person))
    v3 = Dialect(identify=identify, stranger=_no_v3(gateway), unreadable=_no_v3(gateway), turned_away=_no_v3_here)
    _add(app, gateway, _V3_VERBS, v3)
    app.router.add_route("*", "/api/mobile/check", _mobile(gateway))
    app.router.add_route("*", "/api/{rest:.*}", _nowhere)


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
    """Refuse what is refused before a request is read: switches (a closed IP list says 101 too, B1)."""
    switches = visit.account.switches
    return stranger(visit.parameters) if switches.wrong_credentials or switches.blocked else None


def _add(app: web.Application, gateway: Gateway, verbs: Verbs, dialect: Dialect) -> None:
    door = Door(gateway, dialect)
    for verb, call, decide in verbs:
        handler = door.handler(read_restv2, _always(call, _written(decide)))
        app.router.add_get(f"/api/{verb}", handler, allow_head=False)
        app.router.add_post(f"/api/{verb}", handler)


def _dialect(identified: Callable[[Gateway, Parameters], Account | None]) -> Dialect:
    return Dialect(identify=identified, stranger=stranger, unreadable=stranger, turned_away=turned_away)


def _always(call: Call, decide: Decide) -> Choose:
    return lambda _parameters: (call, decide)


def _written(decide: Callable[[Gateway, Visit], Answer | Reply]) -> Decide:
    def decide_and_write(gateway: Gateway, visit: Visit) -> Reply:
        answer = decide(gateway, visit)
        return answer if isinstance(answer, Reply) else answer_to(visit, answer)

    return decide_and_write


def _no_v3(gateway: Gateway) -> Callable[[Parameters], Reply]:
    """Answer a stranger at a call of version 3: where no account has it, there is no such call."""

    def answer(parameters: Parameters) -> Reply:
        return stranger(parameters) if any(account.v3 for account in gateway.accounts) else NOT_FOUND

    return answer


def _no_v3_here(visit: Visit) -> Reply | None:
    return turned_away(visit) if visit.account.v3 else NOT_FOUND


def _mobile(gateway: Gateway) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        parameters = read_restv2(request.rel_url.raw_query_string.encode(), await request.read())
        return respond(answer_mobile(gateway, parameters or {}))

    return handle


async def _nowhere(_request: web.Request) -> web.Response:
    return respond(NOT_FOUND)
