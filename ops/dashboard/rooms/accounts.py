"""Accounts: what each does, what holds it back, and what an operator may do to it."""

import asyncio
import math
from typing import Final, NoReturn
from urllib.parse import quote

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, json, visitor
from ops.dashboard.views.accounts import AccountFacts
from ops.readings import AccountReading, Overview, read_budgets, read_recent, read_series
from ops.steering import Limits, LimitsError
from producer.contract.messages import AccountName
from producer.contract.series import Span

_MINUTES: Final = 300.0
"""Seconds that speeds and latencies are taken over."""

_SERIES_FOR: Final = 5.0
"""Seconds that a series is kept: it grows every ten."""


class AccountsRoom:
    """`/accounts` and the orders below it."""

    place = Place(name="accounts", title="Accounts", path="/accounts")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/accounts", self.show),
            web.get("/api/accounts", self.tell),
            web.post("/accounts/{name:[^/]+}/{action:pause|resume}", self.control),
            web.post("/accounts/{name:[^/]+}/limits", self.limit),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """All accounts."""
        return self._frame.page("accounts.html", request, {"view": await self._view()})

    async def tell(self, _: web.Request) -> web.Response:
        """The same as JSON."""
        return json(await self._view())

    async def control(self, request: web.Request) -> web.Response:
        """Pause or resume; then back."""
        account, action, who = await self._account(request), request.match_info["action"], visitor(request).name
        orders = {"pause": self._frame.steering.pause, "resume": self._frame.steering.resume}
        async with self._frame.audit.acting(who, f"account.{action}", account.name, before=account.state) as act:
            act.before, act.after = await orders[action](account.entry.name, who)
        await self._back(account, {"pause": "paused", "resume": "resumed"}[action])

    async def limit(self, request: web.Request) -> web.Response:
        """Change the limits, or take a change back; then back."""
        account, who = await self._account(request), visitor(request).name
        form, steering = await request.post(), self._frame.steering
        is_over = form.get("order") == "forget"
        wanted = Limits() if is_over else Limits(rate=_rate(form.get("rate")), slots=_slots(form.get("slots")))
        if (wanted.rate or 0.0) > account.entry.rate and form.get("above") != "yes":
            raise web.HTTPBadRequest(
                text=f"volley.toml says {account.entry.rate:g} requests a second. To go above it, say so in the form."
            )
        before = str(await steering.limits(account.entry))
        try:
            async with self._frame.audit.acting(who, "account.limits", account.name, before=before) as act:
                await steering.limit(account.entry, wanted, who)
                act.after = str(wanted)
        except LimitsError as error:
            raise web.HTTPBadRequest(text=f"This was not done: {error}.") from error
        await self._back(account, "unlimited" if is_over else "limits")

    async def _back(self, account: AccountReading, said: str) -> NoReturn:
        await self._frame.watch.look()
        self._frame.shared.forget()
        self._frame.back(f"/accounts?said={said}#account-{quote(account.name, safe='')}")

    async def _account(self, request: web.Request) -> AccountReading:
        overview = await self._frame.overview()
        name = request.match_info["name"]
        for account in overview.accounts:
            if account.name == name:
                return account
        raise web.HTTPNotFound(text="There is no such account.")

    async def _view(self) -> views.View:
        overview = await self._frame.overview()
        facts = await self._frame.shared.get("accounts", lambda: self._facts(overview))
        rates = self._frame.watch.rates
        return {
            "at": overview.at,
            "accounts": [
                views.account_page_view(account, overview, rates, facts[account.entry.name])
                for account in overview.accounts
            ],
        }

    async def _facts(self, overview: Overview) -> dict[AccountName, AccountFacts]:
        """What the overview does not have, of all accounts at once."""
        names = [account.entry.name for account in overview.accounts]
        redis, shared = self._frame.redis, self._frame.shared
        recent, budgets, series = await asyncio.gather(
            read_recent(redis, names),
            read_budgets(redis, {account.entry.login for account in overview.accounts}),
            shared.get("series", lambda: read_series(redis, names, Span.HOUR), for_seconds=_SERIES_FOR),
        )
        return {
            account.entry.name: AccountFacts(
                recent=recent[account.entry.name],
                budgets=budgets.get(account.entry.login, ()),
                last=series[account.entry.name].last(_MINUTES) if account.entry.name in series else None,
            )
            for account in overview.accounts
        }


def _rate(given: object) -> float | None:
    """A rate as it was typed; 400 when it is no number. Nothing typed: as configured."""
    text = str(given or "").strip().replace(",", ".")
    if not text:
        return None
    try:
        rate = float(text) if len(text) <= 20 else math.nan
    except ValueError:
        rate = math.nan
    if not math.isfinite(rate):
        raise web.HTTPBadRequest(text="The rate is a number of requests a second.")
    return rate


def _slots(given: object) -> int | None:
    text = str(given or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 6):
        raise web.HTTPBadRequest(text="Requests at once are a whole number.")
    return int(text)
