"""The admin address under `/sandbox/`: what the gateway saw, and switches to make it difficult."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from heapq import merge
from itertools import islice
from typing import Any, Final

import orjson
from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.gateway import Gateway
from ops.sandbox.ledger import Message

_MOST: Final = 10_000
_SWITCHES: Final = ("no_money", "blocked", "wrong_credentials")
_GATES: Final = {"paused": "doors_open", "hold_answers": "answers_flow"}
_FIELDS: Final = frozenset({"login", "family", "latency", "balance", *_SWITCHES, *_GATES})


class Admin:
    """The handlers of the admin address."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def add_routes(self, app: web.Application) -> None:
        """Put the admin address under `/sandbox/`."""
        app.router.add_get("/sandbox/messages", self.messages)
        app.router.add_get("/sandbox/summary", self.summary)
        app.router.add_get("/sandbox/arrivals", self.arrivals)
        app.router.add_post("/sandbox/account", self.account)
        app.router.add_post("/sandbox/reset", self.reset)

    async def messages(self, request: web.Request) -> web.Response:
        """Give accepted messages in order: `login`, `family`, `phone` filter, `after` and `limit` page."""
        after, limit = _whole(request.query.get("after", "0")), _whole(request.query.get("limit", "1000"))
        if after is None or limit is None:
            return _json({"error": "after and limit are whole numbers"}, status=400)
        accounts = self._asked(request.query)
        streams = (account.ledger.behind(after, request.query.get("phone", "")) for account in accounts)
        rows: Iterator[Message] = merge(*streams, key=lambda message: message.number)
        found = [self._row(message) for message in islice(rows, min(limit, _MOST))]
        return _json({"messages": found, "next": found[-1]["number"] if found else after})

    async def summary(self, _request: web.Request) -> web.Response:
        """Give the counters of every account, and the sums that matter most."""
        accounts = {account.name: _summary(account) for account in self._gateway.accounts}
        violations: Counter[str] = Counter()
        for account in self._gateway.accounts:
            violations.update(account.limits.violations)
        return _json(
            {
                "accepted": sum(row["accepted"] for row in accounts.values()),
                "duplicates": sum(row["duplicates"] for row in accounts.values()),
                "violations": violations,
                "strangers": self._gateway.strangers,
                "accounts": accounts,
            },
        )

    async def arrivals(self, request: web.Request) -> web.Response:
        """Give the arrival times (monotonic) of the last send requests."""
        rows = {account.name: list(account.books.send_arrivals) for account in self._asked(request.query)}
        return _json({"now": self._gateway.clock.monotonic(), "arrivals": rows})

    async def account(self, request: web.Request) -> web.Response:
        """Set switches and balance of the accounts with this `login` (and `family`)."""
        try:
            wanted = orjson.loads(await request.read())
        except orjson.JSONDecodeError:
            wanted = None
        mistake = _mistake(wanted)
        if mistake:
            return _json({"error": mistake}, status=400)
        accounts = self._asked(wanted)
        if not accounts:
            return _json({"error": "no such account"}, status=404)
        for account in accounts:
            _switch(account, wanted)
        return _json({"accounts": {account.name: _summary(account) for account in accounts}})

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget everything and return to the state of the start."""
        self._gateway.reset()
        return _json({"reset": True})

    def _asked(self, query: Any) -> list[Account]:  # Any: a query, or a JSON object that `_mistake` has checked
        login, family = query.get("login"), query.get("family")
        return [a for a in self._gateway.accounts if login in {None, a.login} and family in {None, a.family}]

    def _row(self, message: Message) -> dict[str, Any]:  # Any: JSON values
        standing = self._gateway.standing(message)
        return {
            "number": message.number,
            "family": message.family,
            "login": message.login,
            "client_id": message.client_id,
            "provider_id": message.provider_id,
            "phone": message.phone,
            "text": message.text,
            "sender": message.sender,
            "segments": message.segments,
            "received_at": message.received_at,
            "received_unix": message.received_unix,
            "request": message.request,
            "parameters": orjson.Fragment(message.parameters),
            "status": standing.status,
            "err": standing.err,
            "letter": standing.letter,
        }


def _summary(account: Account) -> dict[str, Any]:  # Any: JSON values
    books, ledger, switches = account.books, account.ledger, account.switches
    return {
        "accepted": len(ledger.accepted),
        "duplicates": ledger.duplicates,
        "extra_copies": ledger.extra,
        "requests": books.requests,
        "violations": account.limits.violations,
        "simultaneous": books.at_once,
        "max_simultaneous": books.most_at_once,
        "max_accepted_sends_per_second": books.most_accepted_a_second,
        "balance": account.balance,
        "switches": {name: getattr(switches, name) for name in (*_SWITCHES, "latency")}
        | {name: not getattr(account, gate).is_set() for name, gate in _GATES.items()},
    }


def _mistake(wanted: object) -> str:
    """Say what is wrong with a switch request; "" if nothing is."""
    if not isinstance(wanted, dict) or not isinstance(wanted.get("login"), str):
        return "a JSON object with login is needed"
    if unknown := set(wanted) - _FIELDS:
        return f"unknown: {', '.join(sorted(unknown))}"
    if any(not isinstance(wanted.get(name, False), bool) for name in (*_SWITCHES, *_GATES)):
        return "switches are true or false"
    latency = wanted.get("latency", 0)
    if isinstance(latency, bool) or not isinstance(latency, int | float) or not 0 <= latency <= 3600:
        return "latency is 0 to 3600 seconds"
    if not isinstance(wanted.get("family", ""), str) or _amount(wanted.get("balance", 0)) is None:
        return "family is a name; balance is an amount of at least 0"
    return ""


def _amount(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= Decimal(10**15) else None


def _switch(account: Account, wanted: dict[str, Any]) -> None:  # Any: checked by `_mistake`
    for name in (*_SWITCHES, "latency"):
        if name in wanted:
            setattr(account.switches, name, wanted[name])
    for name, gate in _GATES.items():
        if name in wanted:
            event = getattr(account, gate)
            event.clear() if wanted[name] else event.set()
    amount = _amount(wanted["balance"]) if "balance" in wanted else None
    if amount is not None:
        account.set_balance(amount)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _json(body: dict[str, Any], status: int = 200) -> web.Response:  # Any: JSON values
    return web.Response(
        body=orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), status=status, content_type="application/json"
    )
