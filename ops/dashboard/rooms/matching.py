"""What an operator may do with every message that matches a filter: cancel it, or send it again. Both are orders."""

from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.dashboard.frame import Frame, visitor
from ops.dashboard.rooms.messages import filter_of
from ops.dashboard.rooms.orders import asked, ended
from ops.readings import read_campaign
from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.orders import Order, OrderKind, OrderState

_WITHIN: Final = 2.0
"""Seconds that a small order is waited for, so that its end is shown at once."""


class MatchingRoom:
    """The orders below `/campaigns/ID/messages`."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.post("/campaigns/{id:[^/]+}/messages/again", self.again),
            web.post("/campaigns/{id:[^/]+}/messages/cancel", self.cancel),
        ]

    async def again(self, request: web.Request) -> web.Response:
        """Order those of the matching messages that nobody got to be gathered as a new campaign; then to its preview.

        Nothing is sent before the preview is confirmed.
        """
        order = await self._order(request, OrderKind.AGAIN)
        return self._frame.back(f"/submit/{order.result}" if order.result else f"/orders/{order.id}")

    async def cancel(self, request: web.Request) -> web.Response:
        """Order those of the matching messages that wait to be sent to be cancelled; then back to them."""
        order = await self._order(request, OrderKind.CANCEL)
        if order.state is not OrderState.DONE:
            return self._frame.back(f"/orders/{order.id}", "ordered" if order.state is OrderState.OPEN else "")
        await self._frame.watch.look()
        base = f"/campaigns/{quote(order.target, safe='')}/messages"
        said = "withdrawn" if order.done else "unchanged"
        return self._frame.back(f"{base}?{order.wanted.query}" if order.wanted.query else base, said)

    async def _order(self, request: web.Request, kind: OrderKind) -> Order:
        """The order as it is after a moment: over, if it was small and a worker is there."""
        campaign = CampaignId(request.match_info["id"])
        if await read_campaign(self._frame.redis, campaign) is None:
            raise web.HTTPNotFound(text="There is no such campaign (any more).")
        wanted = filter_of({name: str(value) for name, value in (await request.post()).items()})
        [chunks] = await self._frame.redis.hmget(keys.campaign(campaign), ["chunks"])
        order = Order(
            id="",
            kind=kind,
            target=campaign,
            who=visitor(request).name,
            wanted=wanted,
            last=str(int(chunks or 0)),
        )
        return await ended(self._frame, await asked(self._frame, order), within=_WITHIN)
