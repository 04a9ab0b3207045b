"""What people wrote to us, and the suppression list: who is never to be written to."""

import re
from collections.abc import Callable
from typing import Final

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, visitor
from ops.readings import read_incoming, read_optouts
from producer.contract.messages import Msisdn
from producer.msisdn import masked, normalise
from producer.suppression import SuppressionList
from producer.unreadable import NumberError

_PAGE: Final = 50
_OPTOUTS: Final = 100
_LONGEST_NUMBER: Final = 40
_ENTRY: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,10}")
_CURSOR: Final = re.compile(r"[0-9]{1,20}")


class IncomingRoom:
    """`/incoming`, `/optouts`, and the orders below it. Numbers are masked for viewers."""

    place = Place(name="incoming", title="Incoming", path="/incoming")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._list = SuppressionList(frame.redis)

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/incoming", self.show),
            web.get("/optouts", self.optouts),
            web.post("/optouts/{action:add|remove}", self.change),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """A page of incoming messages; older ones by `?before=`."""
        before = _matching(_ENTRY, request.query.get("before", ""), "before is the id of an entry")
        overview = await self._frame.overview()
        page = await read_incoming(self._frame.redis, before=before, limit=_PAGE)
        shown = _shown(request)
        messages = [
            {
                "at": each.at,
                "account": each.account,
                "msisdn": shown(each.msisdn),
                "to": each.to,
                "text": each.text,
                "is_stop": each.is_stop,
            }
            for each in page.messages
        ]
        view = {"at": overview.at, "messages": messages, "older": page.older, "before": before}
        return self._frame.page("incoming.html", request, {"view": view})

    async def optouts(self, request: web.Request) -> web.Response:
        """A part of the suppression list, or by `?number=` whether one number is on it."""
        cursor = _matching(_CURSOR, request.query.get("cursor", "0"), "cursor is a number")
        overview = await self._frame.overview()
        view = {"at": overview.at, **await self._page(request, int(cursor)), **await self._asked(request)}
        return self._frame.page("optouts.html", request, {"view": view})

    async def change(self, request: web.Request) -> web.Response:
        """Put a number on the list, or take it off; then back."""
        form, action = await request.post(), request.match_info["action"]
        msisdn = _number(str(form.get("number", "")))
        why = str(form.get("why", "")).strip()[:200] or "by hand"
        is_added = action == "add"
        changed = await (self._list.add(msisdn, why) if is_added else self._list.remove(msisdn))
        if changed:
            who = visitor(request).name
            await self._frame.audit.write(who, f"suppression.{action}", masked(msisdn), after=why if is_added else "")
        self._frame.back("/optouts", ("listed" if is_added else "unlisted") if changed else "unchanged")

    async def _page(self, request: web.Request, cursor: int) -> views.View:
        page, shown = await read_optouts(self._frame.redis, cursor=cursor, limit=_OPTOUTS), _shown(request)
        entries = [{"msisdn": shown(each.msisdn), "since": each.since, "why": each.why} for each in page.entries]
        return {"entries": entries, "total": page.total, "cursor": page.cursor, "is_later": bool(cursor)}

    async def _asked(self, request: web.Request) -> views.View:
        """Whether the number that was asked for is on the list."""
        given = request.query.get("number", "").strip()
        if not given:
            return {"number": "", "is_listed": None}
        msisdn = _number(given)
        return {"number": _shown(request)(msisdn), "is_listed": bool(await self._list.among([msisdn]))}


def _shown(request: web.Request) -> Callable[[Msisdn], str]:
    """How this visitor sees a number."""
    return str if visitor(request).may_act else masked


def _number(given: str) -> Msisdn:
    """What was typed as an MSISDN, with its country code; 400 in words when it is none."""
    try:
        return normalise(given[:_LONGEST_NUMBER], None)
    except NumberError as error:
        raise web.HTTPBadRequest(text=f"This is no number with its country code: {error}.") from error


def _matching(form: re.Pattern[str], given: str, otherwise: str) -> str:
    if given and not form.fullmatch(given):
        raise web.HTTPBadRequest(text=otherwise)
    return given
