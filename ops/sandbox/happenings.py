"""What the admin address makes happen: an incoming message, a confirming call, a deferred task, a click on a link."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import orjson
from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.config import Family
from ops.sandbox.exports import CANCELLED, COLUMNS, DONE, ENCODINGS, FAILED, Task
from ops.sandbox.gateway import Gateway

Body = dict[str, Any]  # Any: JSON values, checked by each happening
Happen = Callable[[Gateway, Account, Body], Body]


class HappeningError(ValueError):
    """A happening that makes no sense; the message says why."""


def add_routes(app: web.Application, gateway: Gateway) -> None:
    """Put the happenings under `/sandbox/`."""
    for name, happen in HAPPENINGS.items():
        app.router.add_post(f"/sandbox/{name}", _handler(gateway, happen))


def incoming(gateway: Gateway, account: Account, body: Body) -> Body:
    """Let a subscriber write: `phone`, `mes`, `to`, and optionally how many seconds `ago` it was sent."""
    phone, text, to = (_text(body, name) for name in ("phone", "mes", "to"))
    if not phone:
        raise HappeningError("phone is needed")
    ago = body.get("ago", 0)
    if isinstance(ago, bool) or not isinstance(ago, int | float) or ago < 0:
        raise HappeningError("ago is a number of seconds")
    return {"id": gateway.hear(account, phone, text, to, ago=ago)}


def call(gateway: Gateway, account: Account, body: Body) -> Body:
    """Let a subscriber call the number that wait_call.php gave out for `phone`."""
    phone = _text(body, "phone")
    found = gateway.ring(account, phone)
    if found is None:
        raise HappeningError("nobody waits for a call of this phone")
    return {"id": found}


def task(gateway: Gateway, account: Account, body: Body) -> Body:
    """Make a deferred task, as a person does in the cabinet; fields as in `exports.Task`."""
    given = {name: value for name, value in body.items() if name != "login"}
    number = len(account.cabinet.tasks) + 1
    named = {"name": f"task-{number}"} | given
    if mistake := _task_mistake(named):
        raise HappeningError(mistake)
    made = Task(id=number, created=gateway.unix(), created_at=gateway.clock.monotonic(), **named)
    account.cabinet.tasks.append(made)
    return {"id": made.id, "name": made.name, "file": made.file}


def link(gateway: Gateway, account: Account, body: Body) -> Body:
    """Make a short link to `link`, or find the one there is, and let `clicks` people click it now."""
    target, clicks = _text(body, "link"), body.get("clicks", 0)
    if not target or isinstance(clicks, bool) or not isinstance(clicks, int) or clicks < 0:
        raise HappeningError("link is needed; clicks is a number")
    short = account.cabinet.shorten(target, gateway.unix())
    short.click(gateway.unix(), clicks)
    return {"id": short.id, "link": short.short}


_TASK_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "name": str,
    "start_after": (int, float),
    "done_after": (int, float),
    "ending": int,
    "encoding": str,
    "delimiter": str,
    "header": str,
    "rows": int,
    "fault": str,
    "fault_times": int,
}
_TASK_CHOICES: Final[dict[str, tuple[object, ...]]] = {
    "ending": (DONE, CANCELLED, FAILED),
    "encoding": ENCODINGS,
    "header": (*COLUMNS, "none"),
    "fault": ("", "break", "error"),
}


def _task_mistake(given: Body) -> str:
    for name, value in given.items():
        wanted = _TASK_TYPES.get(name)
        if wanted is None or isinstance(value, bool) or not isinstance(value, wanted):
            return f"{name}: unknown, or of a wrong type"
        if value not in _TASK_CHOICES.get(name, (value,)) or (isinstance(value, int | float) and value < 0):
            return f"{name}: cannot be {value}"
    return "" if len(given.get("delimiter", ";")) == 1 else "delimiter is one character"


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise HappeningError(f"{name} is a text")
    return value


def _handler(gateway: Gateway, happen: Happen) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = orjson.loads(await request.read())
            account = _account(gateway, body)
            return _json(happen(gateway, account, body))
        except (orjson.JSONDecodeError, HappeningError) as error:
            return _json({"error": str(error)}, status=400)

    return handle


def _account(gateway: Gateway, body: object) -> Account:
    """Find the smsc account of `login`; without one, the first."""
    if not isinstance(body, dict):
        raise HappeningError("a JSON object is needed")
    accounts = [account for account in gateway.accounts if account.family is Family.SMSC]
    found = next((a for a in accounts if body.get("login", a.login) == a.login), None)
    if found is None:
        raise HappeningError("no such smsc account")
    return found


def _json(body: Body, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


HAPPENINGS: Final[dict[str, Happen]] = {"incoming": incoming, "call": call, "task": task, "link": link}
