"""Orders about many messages or dead letters: how far each is, what came of it, and a stop."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.formats import unix
from ops.dashboard.frame import Frame, Place, json, visitor
from producer.contract.orders import Order, OrderKind, OrderState
from producer.orders import OrderRefusedError

_LOOK_EVERY: Final = 0.05

WORDS: Final[Mapping[OrderKind, str]] = {
    OrderKind.REPLAY: "Put dead letters back",
    OrderKind.DROP: "Drop dead letters",
    OrderKind.CANCEL: "Cancel messages",
    OrderKind.AGAIN: "Gather messages to send again",
}


class OrdersRoom:
    """`/orders`, `/orders/ID`, and the stop below it."""

    place = Place(name="orders", title="Orders", path="/orders")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/orders", self.list),
            web.get("/orders/{id:[0-9a-f]+}", self.show),
            web.post("/orders/{id:[0-9a-f]+}/stop", self.stop),
            web.get("/api/orders", self.tell),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """The newest ones."""
        overview = await self._frame.overview()
        orders = [order_view(each) for each in await self._frame.orders.newest()]
        view = {"at": overview.at, "orders": orders, "is_carried": bool(overview.live("track"))}
        return self._frame.page("orders.html", request, {"view": view})

    async def show(self, request: web.Request) -> web.Response:
        """One of them."""
        overview, order = await self._frame.overview(), await self._order(request)
        is_mine = order.who == visitor(request).name
        view = {
            "at": overview.at,
            "order": order_view(order),
            "is_carried": bool(overview.live("track")),
            "draft": f"/submit/{order.result}" if order.result and is_mine else "",
        }
        return self._frame.page("order.html", request, {"view": view})

    async def tell(self, _: web.Request) -> web.Response:
        """The newest ones as JSON."""
        return json({"orders": [order_view(each) for each in await self._frame.orders.newest()]})

    async def stop(self, request: web.Request) -> web.Response:
        """Let nothing more of one be done."""
        order = await self._order(request)
        stopped = await self._frame.orders.stop(order, visitor(request).name)
        self._frame.back(f"/orders/{order.id}", "stopped" if stopped else "unchanged")

    async def _order(self, request: web.Request) -> Order:
        order = await self._frame.orders.read(request.match_info["id"])
        if order is None:
            raise web.HTTPNotFound(text="There is no such order (any more): they are kept for a week.")
        return order


async def asked(frame: Frame, order: Order) -> Order:
    """Write an order down, and into the audit log; 409 in words where it is refused."""
    try:
        async with frame.audit.acting(order.who, order.kind, order.target, before=order.wanted.query) as act:
            written = await frame.orders.ask(order)
            rate = f", at {order.rate:g} a second" if order.rate else ""
            act.after = f"order {written.id}{rate}"
    except OrderRefusedError as error:
        raise web.HTTPConflict(text=f"This was not done: {error}.") from error
    frame.shared.forget()
    return written


async def ended(frame: Frame, order: Order, *, within: float) -> Order:
    """The order once it is over, or as it is after so many seconds."""
    until = time.monotonic() + within
    while True:
        found = await frame.orders.read(order.id)
        if found is None or found.state is not OrderState.OPEN or time.monotonic() >= until:
            return found or order
        await asyncio.sleep(_LOOK_EVERY)


def order_view(order: Order) -> views.View:
    """What a page tells of one."""
    is_of_campaign = order.kind in {OrderKind.CANCEL, OrderKind.AGAIN}
    base = f"/campaigns/{quote(order.target, safe='')}/messages"
    return {
        "id": order.id,
        "kind": order.kind.value,
        "words": WORDS[order.kind],
        "target": order.target,
        "way": (f"{base}?{order.wanted.query}" if order.wanted.query else base) if is_of_campaign else "/dead",
        "filter": order.wanted.query,
        "who": order.who,
        "state": order.state.value,
        "is_open": order.state is OrderState.OPEN,
        "has_begun": bool(order.cursor),
        "rate": order.rate,
        "done": order.done,
        "left": order.left,
        "participle": order.kind.participle,
        "share": order.share,
        "asked_at": unix(order.asked_at),
        "ended_at": unix(order.ended_at),
        "reason": order.words,
    }
