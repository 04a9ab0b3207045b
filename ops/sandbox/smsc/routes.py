"""The smsc family's HTTP dialect: scripts and their actions, credentials, and what is said at the door (part A)."""

from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.config import Family
from ops.sandbox.door import Choose, Decide, Dialect, Door
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.limits import MOST_SIMULTANEOUS, MOST_STATUS_SIMULTANEOUS, Violation
from ops.sandbox.parameters import Parameters, read_json, read_smsc, salvage_json
from ops.sandbox.smsc.answers import TOO_MANY_AT_ONCE, Answer, Refusal
from ops.sandbox.smsc.asking import decide_balance, decide_operator, decide_tinyurl
from ops.sandbox.smsc.downloads import decide_download, decide_downloads
from ops.sandbox.smsc.getting import decide_answers, decide_history, decide_price, decide_stat
from ops.sandbox.smsc.numbers import decide_numbers, decide_prolong, decide_rent, decide_wait_call
from ops.sandbox.smsc.reading import BAD
from ops.sandbox.smsc.replying import reply
from ops.sandbox.smsc.sending import decide_send
from ops.sandbox.smsc.statuses import decide_status
from ops.sandbox.smsc.templates import decide_add, decide_change, decide_delete, decide_templates

Action = tuple[Call, Callable[[Gateway, Visit], Answer | Reply]]

# script -> flag of an action ("" needs none) -> action; A4-A10
SCRIPTS: Final[Mapping[str, Mapping[str, Action]]] = {
    "/sys/status.php": {"": (Call.STATUS, decide_status)},
    "/sys/balance.php": {"": (Call.BALANCE, decide_balance)},
    "/sys/get.php": {
        "get_messages": (Call.HISTORY, decide_history),
        "get_answers": (Call.ANSWERS, decide_answers),
        "get_stat": (Call.STAT, decide_stat),
        "get_price": (Call.PRICE, decide_price),
    },
    "/sys/info.php": {"get_operator": (Call.OPERATOR, decide_operator)},
    "/sys/tinyurls.php": {"get": (Call.TINYURL, decide_tinyurl)},
    "/sys/templates.php": {
        "add": (Call.TEMPLATES, decide_add),
        "chg": (Call.TEMPLATES, decide_change),
        "del": (Call.TEMPLATES, decide_delete),
        "get": (Call.TEMPLATES, decide_templates),
    },
    "/sys/receive_phones.php": {
        "get": (Call.NUMBERS, decide_numbers),  # S4 shows a g; which of the two it is, is not known (A8)
        "gets": (Call.NUMBERS, decide_numbers),
        "buy": (Call.NUMBERS, decide_rent),
        "chg": (Call.NUMBERS, decide_prolong),
    },
    "/sys/wait_call.php": {"": (Call.WAIT_CALL, decide_wait_call)},
    "/sys/downloads.php": {
        "get_list": (Call.DOWNLOADS, decide_downloads),
        "get_file": (Call.DOWNLOADS, decide_download),
    },
}


def add_routes(app: web.Application, gateway: Gateway) -> None:
    """Put the family's scripts under `/sys/` and `/rest/send/`."""
    door = Door(
        gateway, Dialect(identify=identify, stranger=stranger, unreadable=unreadable, turned_away=turned_away)
    )
    sending = (Call.SEND, decide_send)
    scripts = {script: _chooser(actions) for script, actions in SCRIPTS.items()}
    for path, choose in {"/sys/send.php": lambda _: sending, **scripts}.items():
        handler = door.handler(read_smsc, choose)
        app.router.add_get(path, handler, allow_head=False)
        app.router.add_post(path, handler)
    app.router.add_post("/rest/send/", door.handler(read_json, lambda _: sending, salvage_json))


def identify(gateway: Gateway, parameters: Parameters) -> Account | None:
    """Find the account by `apikey`, or by `login` and `psw` (A1)."""
    login, key = parameters.get("login", ""), parameters.get("apikey", "")
    if key:
        account = gateway.by_key(Family.SMSC, key)
        return account if account and login in {"", account.login} else None
    return gateway.by_login(Family.SMSC, login, parameters.get("psw", ""))


def stranger(parameters: Parameters) -> Reply:
    """Answer a request without valid credentials: 2."""
    return reply(Refusal(code=2), parameters)


def unreadable(salvaged: Parameters) -> Reply:
    """Answer a request that cannot be read at all: 1."""
    return reply(BAD, salvaged)


def turned_away(visit: Visit) -> Reply | None:
    """Refuse what is refused before a request is read: switches, too many at once."""
    account, parameters = visit.account, visit.parameters
    if account.switches.wrong_credentials:
        return reply(Refusal(code=2), parameters)
    if account.switches.blocked:
        return reply(Refusal(code=4), parameters)
    crowded = _crowded(visit)
    if crowded is not None:
        account.limits.broke(crowded)
        return reply(Refusal(code=9, text=TOO_MANY_AT_ONCE), parameters)
    return None


def _crowded(visit: Visit) -> Violation | None:
    """Say which limit of requests at once this one breaks: of all together (A3), or of status requests (A4)."""
    books = visit.account.books
    if books.at_once > MOST_SIMULTANEOUS:
        return Violation.SIMULTANEOUS
    if visit.call is Call.STATUS and books.open[Call.STATUS] > MOST_STATUS_SIMULTANEOUS:
        return Violation.SIMULTANEOUS_STATUS
    return None


def _chooser(actions: Mapping[str, Action]) -> Choose:
    """Make the function that finds a script's action by the flag that is 1."""
    ready = {flag: (call, _written(decide)) for flag, (call, decide) in actions.items()}
    nothing = (Call.UNKNOWN, _written(lambda _gateway, _visit: BAD))

    def choose(parameters: Parameters | None) -> tuple[Call, Decide]:
        asked = parameters or {}
        return next((ready[flag] for flag in ready if not flag or asked.get(flag) == "1"), nothing)

    return choose


def _written(decide: Callable[[Gateway, Visit], Answer | Reply]) -> Decide:
    def decide_and_write(gateway: Gateway, visit: Visit) -> Reply:
        answer = decide(gateway, visit)
        return answer if isinstance(answer, Reply) else reply(answer, visit.parameters)

    return decide_and_write
