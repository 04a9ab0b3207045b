"""The admin address under `/sandbox/`: what the gateway saw, and switches to make it difficult."""

from collections import Counter
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Any, Final

import orjson
from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.config import ConfigError
from ops.sandbox.gateway import Gateway
from ops.sandbox.ledger import Message
from ops.sandbox.switching import read_switch, switches_of

_MOST: Final = 10_000


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
        streams = (_behind(account, after, request.query.get("phone", "")) for account in accounts)
        rows = merge(*streams, key=lambda row: row[0].number)
        found = [self._row(message, removed=removed) for message, removed in islice(rows, min(limit, _MOST))]
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
        try:
            switch = read_switch(wanted, any_address=self._gateway.config.any_address)
        except ConfigError as error:
            return _json({"error": str(error)}, status=400)
        accounts = self._asked(wanted)
        if not accounts:
            return _json({"error": "no such account"}, status=404)
        for account in accounts:
            switch(account)
        return _json({"accounts": {account.name: _summary(account) for account in accounts}})

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget everything and return to the state of the start."""
        self._gateway.reset()
        return _json({"reset": True})

    def _asked(self, query: Any) -> list[Account]:  # Any: a query, or a JSON object that `_mistake` has checked
        login, family = query.get("login"), query.get("family")
        return [a for a in self._gateway.accounts if login in {None, a.login} and family in {None, a.family}]

    def _row(self, message: Message, *, removed: bool) -> dict[str, Any]:  # Any: JSON values
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
            "kind": message.kind,
            "delay": message.delay,
            "valid": message.valid,
            "removed": removed,
        }


def _behind(account: Account, after: int, phone: str) -> Iterator[tuple[Message, bool]]:
    ledger = account.ledger
    return ((message, ledger.is_removed(message)) for message in ledger.behind(after, phone))


def _summary(account: Account) -> dict[str, Any]:  # Any: JSON values
    books, ledger = account.books, account.ledger
    return {
        "accepted": len(ledger.accepted),
        "duplicates": ledger.duplicates,
        "extra_copies": ledger.extra,
        "requests": books.requests,
        "violations": account.limits.violations,
        "simultaneous": books.at_once,
        "max_simultaneous": books.most_at_once,
        "max_simultaneous_of": books.most_open,
        "max_accepted_sends_per_second": books.most_accepted_a_second,
        "balance": account.balance,
        "switches": switches_of(account),
        "callbacks": books.callbacks,
    }


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _json(body: dict[str, Any], status: int = 200) -> web.Response:  # Any: JSON values
    return web.Response(
        body=orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS), status=status, content_type="application/json"
    )
