"""The smsc family's HTTP dialect: paths, credentials, and what is said at the door (PROVIDERS.md part A)."""

from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.config import Family
from ops.sandbox.door import Decide, Dialect, Door
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.limits import MOST_SIMULTANEOUS, Violation
from ops.sandbox.parameters import Parameters, read_json, read_smsc
from ops.sandbox.smsc.answers import TOO_MANY_AT_ONCE, Refusal
from ops.sandbox.smsc.lookups import decide_balance, decide_history, decide_status
from ops.sandbox.smsc.rendering import reply
from ops.sandbox.smsc.sending import decide_send

_SCRIPTS: tuple[tuple[str, Call, Decide], ...] = (
    ("/sys/send.php", Call.SEND, decide_send),
    ("/sys/status.php", Call.STATUS, decide_status),
    ("/sys/balance.php", Call.BALANCE, decide_balance),
    ("/sys/get.php", Call.HISTORY, decide_history),
)


def add_routes(app: web.Application, gateway: Gateway) -> None:
    """Put the family's scripts under `/sys/` and `/rest/send/`."""
    door = Door(gateway, Dialect(identify=identify, stranger=stranger, turned_away=turned_away))
    for path, call, decide in _SCRIPTS:
        handler = door.handler(call, read_smsc, decide)
        app.router.add_get(path, handler, allow_head=False)
        app.router.add_post(path, handler)
    app.router.add_post("/rest/send/", door.handler(Call.SEND, read_json, decide_send))


def identify(gateway: Gateway, parameters: Parameters | None) -> Account | None:
    """Find the account by `apikey`, or by `login` and `psw` (A1)."""
    if parameters is None:
        return None
    login, key = parameters.get("login", ""), parameters.get("apikey", "")
    if key:
        account = gateway.by_key(Family.SMSC, key)
        return account if account and login in {"", account.login} else None
    return gateway.by_login(Family.SMSC, login, parameters.get("psw", ""))


def stranger(parameters: Parameters | None) -> Reply:
    """Answer a request without valid credentials (2), or one that cannot be read at all (1)."""
    return reply(Refusal(code=1 if parameters is None else 2), parameters)


def turned_away(visit: Visit) -> Reply | None:
    """Refuse what is refused before a request is read: switches, too many at once, formats not played yet."""
    account, parameters = visit.account, visit.parameters
    if account.switches.wrong_credentials:
        return reply(Refusal(code=2), parameters)
    if account.switches.blocked:
        return reply(Refusal(code=4), parameters)
    if account.books.at_once > MOST_SIMULTANEOUS:
        account.limits.broke(Violation.SIMULTANEOUS)
        return reply(Refusal(code=9, text=TOO_MANY_AT_ONCE), parameters)
    if parameters.get("fmt") != "3":
        return Reply(body=b"the sandbox answers fmt=3 only", content_type="text/plain", status=501)
    return None
