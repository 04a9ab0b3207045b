"""The frame that every room stands in: what it reads with, whom it answers to, and how it is shown."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, Protocol
from urllib.parse import urlencode

import aiohttp_jinja2
import orjson
from aiohttp import web
from redis.exceptions import RedisError

from ops.audit import AuditLog
from ops.dashboard import views
from ops.dashboard.access import Access, Attempts, Sessions, Visitor, visitor_of
from ops.dashboard.shared import Shared
from ops.dashboard.watch import Watch
from ops.readings import Overview, prices_of, read_prices
from ops.steering import Steering
from producer.client import CampaignProducer
from producer.contract.client import Client
from producer.orders import OrderBook

FARTHEST: Final = 1_000_000
"""The largest offset that a page takes."""

DISPENSABLE_WITHIN: Final = 2.0
"""Seconds that a page waits for what it can do without: of a Redis that hangs, the verdict must be told in time."""

_PRICES_FOR: Final = 60.0
_LONGEST_PLACE: Final = 2000

Values = dict[str, Any]  # Any: what a template is given

# what a page says after an action; a word that is not here is not said
SAID: Final[Mapping[str, str]] = {
    "paused": "Paused.",
    "resumed": "Resumed.",
    "cancelled": "Cancelled: what was not sent yet never will be.",
    "withdrawn": "Cancelled: those that matched and waited are never sent; the others, and the rest, go on.",
    "listed": "The number is on the list.",
    "unlisted": "The number is off the list.",
    "unchanged": "Nothing was to be changed.",
    "overtaken": "Some were decided about already, and are left as they are; the audit log tells which.",
    "wished": "A track worker fetches it.",
    "limits": "The limits were changed. Workers follow within a second or two.",
    "submitted": "The campaign was submitted.",
    "dropped": "The preview was dropped; nothing was sent.",
    "ordered": "The order was taken; a track worker carries it out, and this page tells how far it is.",
    "stopped": "The order was stopped; what was done stays done.",
    "replayed": "The entry was put back.",
    "dead_dropped": "Dropped for good.",
    "decided": "The decision was carried out.",
    "asked": "The decision is on its way: a track worker carries it out.",
    "unlimited": "The configured limits hold again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a room is found in the menu. `name` is what its templates set `here` to."""

    name: str
    title: str
    path: str
    for_operators: bool = False


class Room(Protocol):
    """One page or a few that belong together. `place` None: not in the menu."""

    @property
    def place(self) -> Place | None:
        """Its place in the menu."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Its addresses."""


class Frame:
    """What all rooms of one web process share."""

    def __init__(self, redis: Client, access: Access) -> None:
        self.redis = redis
        self.access = access
        self.watch = Watch(redis)
        self.audit = AuditLog(redis)
        self.producer = CampaignProducer(redis)
        self.steering = Steering(redis)
        self.shared = Shared()
        self.sessions = Sessions(redis, access.credentials)
        self.attempts = Attempts(redis)
        self.orders = OrderBook(redis)
        self.places: list[Place] = []
        self.closing: list[Callable[[], Awaitable[None]]] = []

    def furnish(self, makers: Iterable[Callable[["Frame"], Room]]) -> list[web.AbstractRouteDef]:
        """Make the rooms; their addresses. Their places are the menu, in this order."""
        rooms = [make(self) for make in makers]
        self.places = [room.place for room in rooms if room.place]
        return [route for room in rooms for route in room.routes()]

    async def overview(self) -> Overview:
        """The newest overview; 503 in the verdict's words when there has never been one."""
        overview = await self.watch.latest()
        if overview is None:
            raise web.HTTPServiceUnavailable(text=str(self.watch.verdict()))
        return overview

    async def prices(self) -> views.Prices:
        """What messages cost: as providers told it, else as balances fell, which is read once a minute.

        While Redis is away only what was told: pages can do without.
        """
        overview = await self.overview()
        names = [account.entry.name for account in overview.accounts]
        try:
            fallen = await self.shared.get(
                "prices",
                lambda: read_prices(self.redis, names),
                for_seconds=_PRICES_FOR,
                within=DISPENSABLE_WITHIN,
            )
        except (RedisError, OSError, TimeoutError):
            fallen = {}
        return prices_of(overview.accounts, overview.campaigns.campaigns, fallen)

    def page(self, template: str, request: web.Request, values: Values, *, status: int = 200) -> web.Response:
        """A page with the verdict, the menu, and who looks."""
        visitor = visitor_of(request)
        context: Values = {
            "visitor": visitor,
            "places": self.places if visitor else [],
            "form_token": visitor.form_token if visitor else "",
            "may_act": visitor is not None and visitor.may_act,
            "said": SAID.get(request.query.get("said", ""), ""),
            "verdict": views.verdict_view(self.watch.verdict()) if visitor else None,
            "paths": {place.path for place in self.places},
            "uncertain_total": self.watch.overview.uncertain if visitor and self.watch.overview else 0,
            **values,
        }
        response = aiohttp_jinja2.render_template(template, request, context)
        response.set_status(status)
        return response

    def back(self, path: str, said: str = "") -> NoReturn:
        """Send the browser to a page of ours after an action; `said` is a word of `SAID`."""
        sign = "&" if "?" in path else "?"
        raise web.HTTPSeeOther(f"{path}{sign}{urlencode({'said': said})}" if said else path)


def visitor(request: web.Request) -> Visitor:
    """Who asks, on a page that nobody sees without a login."""
    found = visitor_of(request)
    if found is None:
        raise web.HTTPForbidden(text="Log in first.")
    return found


def our_place(wanted: str) -> str:
    """A path of ours that somebody outside names, where to go or what to lead back to; else the first page."""
    is_short = len(wanted) <= _LONGEST_PLACE and wanted.isprintable() and wanted.isascii()
    is_ours = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if is_short and is_ours else "/"


def came_from(request: web.Request) -> str:
    """The page of ours on which a form was sent; the first page where a browser tells of none."""
    told = request.headers.get("Referer", "").partition("://")[2]
    host, slash, place = told.partition("/")
    return our_place(slash + place) if host == request.headers.get("Host") else "/"


def offset_of(request: web.Request) -> int:
    """`?offset=`; 400 when it is none."""
    text = request.query.get("offset", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) <= FARTHEST):
        raise web.HTTPBadRequest(text=f"offset is a whole number from 0 to {FARTHEST:,}")
    return int(text)


def json(value: object, *, status: int = 200) -> web.Response:
    """An answer for machines."""
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    return web.Response(body=body, status=status, content_type="application/json")
