"""Dead letters: what the intake refused, by reason; put back at a chosen rate, or dropped."""

import math
import re
from typing import Final

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, visitor
from ops.dashboard.rooms.orders import asked, order_view
from ops.dead import DeadLetter, newest_id, read_dead, read_kinds, read_letter
from ops.readings import read_campaigns
from producer import dead
from producer.contract.client import Client
from producer.contract.orders import Order, OrderKind

_PAGE: Final = 20
_ID: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,10}")
_LONGEST_KIND: Final = 300
_RATES: Final = (0.1, 1000.0)
_CAMPAIGNS: Final = 50
_ORDERS: Final = 3


class DeadRoom:
    """`/dead`, and the orders below it. What was put is shown to operators only."""

    place = Place(name="dead", title="Dead letters", path="/dead")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/dead", self.show),
            web.post("/dead/replay", self.replay),
            web.post("/dead/drop", self.drop_all),
            web.post("/dead/{id:[0-9]+-[0-9]+}/{action:replay|drop}", self.act),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """A page of them, and how many there are of each kind."""
        redis, overview = self._frame.redis, await self._frame.overview()
        kind, before = request.query.get("kind", "")[:_LONGEST_KIND], request.query.get("before", "")
        if before and not _ID.fullmatch(before):
            raise web.HTTPBadRequest(text="before is the id of an entry")
        page = await read_dead(redis, before=before, kind=kind, limit=_PAGE)
        kinds = await self._frame.shared.get("dead kinds", lambda: read_kinds(redis), for_seconds=5.0)
        may_act = visitor(request).may_act
        view = {
            "at": overview.at,
            "total": page.total,
            "kind": kind,
            "kinds": [{"kind": name, "count": count} for name, count in kinds.kinds],
            "looked_through": kinds.looked_through,
            "letters": [_letter_view(each, for_operator=may_act) for each in page.letters],
            "older": page.older,
            "before": before,
            "orders": await self._orders(),
            "is_carried": bool(overview.live("track")),
            "failed": await self._failed(),
        }
        return self._frame.page("dead.html", request, {"view": view})

    async def act(self, request: web.Request) -> web.Response:
        """Put one back, or drop it."""
        letter, action = request.match_info["id"], request.match_info["action"]
        do = {"replay": _put_back, "drop": _drop}[action]
        async with self._frame.audit.acting(visitor(request).name, f"dead.{action}", letter) as act:
            done = await do(self._frame.redis, letter)
            act.after = "done" if done else "it is not there, or cannot be put back"
        return self._end({"replay": "replayed", "drop": "dead_dropped"}[action] if done else "unchanged")

    async def replay(self, request: web.Request) -> web.Response:
        """Order all of a kind to be put back, at the rate of the form."""
        form = await request.post()
        return await self._order(request, OrderKind.REPLAY, _kind(form.get("kind")), _rate(form.get("rate")))

    async def drop_all(self, request: web.Request) -> web.Response:
        """Order all of a kind to be dropped for good."""
        return await self._order(request, OrderKind.DROP, _kind((await request.post()).get("kind")))

    async def _order(self, request: web.Request, kind: OrderKind, reason: str, rate: float = 0.0) -> web.Response:
        """Of those that are there now: what comes later is left out."""
        last = await newest_id(self._frame.redis)
        order = Order(id="", kind=kind, target=reason, who=visitor(request).name, rate=rate, last=last)
        await asked(self._frame, order)
        return self._end("ordered")

    async def _orders(self) -> list[views.View]:
        """The newest orders about dead letters."""
        newest = await self._frame.orders.newest()
        return [order_view(each) for each in newest if each.kind.lock == "dead"][:_ORDERS]

    def _end(self, said: str) -> web.Response:
        self._frame.shared.forget()
        return self._frame.back("/dead", said)

    async def _failed(self) -> list[views.View]:
        """Messages that ended without delivery, by campaign and reason, of the newest campaigns."""
        page = await read_campaigns(self._frame.redis, limit=_CAMPAIGNS)
        return [
            {"campaign": each.id, "code": reason.code, "words": reason.words, "count": reason.count}
            for each in page.campaigns
            for reason in each.reasons
        ]


def _letter_view(letter: DeadLetter, *, for_operator: bool) -> views.View:
    return {
        "id": letter.id,
        "at": letter.at,
        "type": letter.type,
        "target": letter.target,
        "reason": letter.reason if for_operator else letter.kind,
        "hindrance": letter.hindrance,
        "excerpt": letter.excerpt if for_operator else "",
    }


async def _put_back(redis: Client, letter: str) -> bool:
    """Put one back; False when it is not there, or cannot be."""
    found = await read_letter(redis, letter)
    return found is not None and not dead.hindrance(found[1]) and bool(await dead.put_back(redis, [found]))


async def _drop(redis: Client, letter: str) -> bool:
    """Delete one for good; False when it is not there."""
    return bool(await dead.drop(redis, [letter.encode()]))


def _kind(given: object) -> str:
    kind = str(given or "")
    if not kind or len(kind) > _LONGEST_KIND:
        raise web.HTTPBadRequest(text="Say which reason is meant.")
    return kind


def _rate(given: object) -> float:
    """Entries a second; 400 when it is none."""
    try:
        rate = float(str(given or "").strip().replace(",", ".")[:20])
    except ValueError:
        rate = math.nan
    least, most = _RATES
    if not least <= rate <= most:  # also what is no number
        raise web.HTTPBadRequest(text=f"The rate is {least:g} to {most:,.0f} entries a second.")
    return rate
