"""Campaigns: the list, one campaign's page, and what an operator may do to one."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, json, offset_of, visitor
from ops.dashboard.views.delivery import delivery_view
from ops.readings import CampaignReading, read_campaign, read_campaigns, read_delivery, read_refusals
from producer.contract.messages import CampaignId
from producer.errors import ProducerError

_PAGE: Final = 20
_SAID: Final[Mapping[str, str]] = {"pause": "paused", "resume": "resumed", "cancel": "cancelled"}


class CampaignsRoom:
    """`/campaigns`, `/campaigns/ID`, and the orders below it."""

    place = Place(name="campaigns", title="Campaigns", path="/campaigns")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/campaigns", self.list),
            web.get("/campaigns/{id:[^/]+}", self.show),
            web.post("/campaigns/{id:[^/]+}/{action:pause|resume|cancel}", self.control),
            web.get("/api/campaigns/{id:[^/]+}", self.tell),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """The campaigns, newest first; older ones by `?offset=`."""
        offset, overview = offset_of(request), await self._frame.overview()
        page = await read_campaigns(self._frame.redis, offset=offset, limit=_PAGE)
        rates, prices = self._frame.watch.rates, await self._frame.prices()
        view = {
            "at": overview.at,
            "campaigns": [views.campaign_view(each, overview, rates, prices) for each in page.campaigns],
            "campaigns_total": page.total,
        }
        return self._frame.page("campaigns.html", request, {"view": view, "offset": offset, "page": _PAGE})

    async def show(self, request: web.Request) -> web.Response:
        """One campaign."""
        return self._frame.page("campaign.html", request, {"view": await self._view(request)})

    async def tell(self, request: web.Request) -> web.Response:
        """One campaign as JSON."""
        return json(await self._view(request))

    async def control(self, request: web.Request) -> web.Response:
        """Pause, resume or cancel; then back to its page."""
        name, action = request.match_info["id"], request.match_info["action"]
        producer = self._frame.producer
        orders = {"pause": producer.pause, "resume": producer.resume, "cancel": producer.cancel}
        reading = await self._reading(name)
        try:
            async with self._frame.audit.acting(
                visitor(request).name, f"campaign.{action}", name, before=reading.progress.state
            ) as act:
                act.after = await orders[action](name)
        except ProducerError as error:
            raise web.HTTPConflict(text=f"This was not done: {error}.") from error
        await self._frame.watch.look()
        self._frame.back(f"/campaigns/{quote(name, safe='')}", _SAID[action])

    async def _reading(self, name: str) -> CampaignReading:
        reading = await read_campaign(self._frame.redis, CampaignId(name))
        if reading is None:
            raise web.HTTPNotFound(text="There is no such campaign (any more).")
        return reading

    async def _view(self, request: web.Request) -> views.View:
        overview = await self._frame.overview()
        reading = await self._reading(request.match_info["id"])
        refusals = await read_refusals(self._frame.redis, reading.id)
        prices = await self._frame.prices()
        view = views.campaign_page_view(reading, overview, refusals, self._frame.watch.rates, prices)
        return view | {"delivery": delivery_view(await read_delivery(self._frame.redis, reading.id))}
