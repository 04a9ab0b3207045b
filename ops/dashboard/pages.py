"""The handlers: what each address answers."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp_jinja2
import orjson
from aiohttp import web
from redis.exceptions import RedisError

from ops import metrics
from ops.dashboard import views
from ops.dashboard.access import Access
from ops.dashboard.watch import Watch
from ops.readings import (
    CampaignReading,
    Overview,
    read_campaign,
    read_campaigns,
    read_refusals,
    read_uncertain,
    read_workers,
)
from producer.client import CampaignProducer
from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.errors import ProducerError

_PAGE: Final = 20
_UNCERTAIN_PAGE: Final = 100
_FARTHEST: Final = 1_000_000
_HEALTH_TIMEOUT: Final = 3.0

Values = dict[str, Any]  # Any: what a template is given


class Pages:
    """Handlers of one web process."""

    def __init__(self, redis: Client, watch: Watch, access: Access) -> None:
        self._redis = redis
        self._watch = watch
        self._access = access
        self._producer = CampaignProducer(redis)

    def routes(self) -> list[web.RouteDef]:
        """Every address but the static files."""
        return [
            web.get("/", self.home),
            web.get("/campaigns/{id:[^/]+}", self.campaign, name="campaign"),
            web.post("/campaigns/{id:[^/]+}/{action:pause|resume|cancel}", self.control),
            web.get("/uncertain", self.uncertain),
            web.get("/metrics", self.metrics),
            web.get("/health", self.health),
            web.get("/api/overview", self.api_overview),
            web.get("/api/campaigns/{id:[^/]+}", self.api_campaign),
        ]

    async def home(self, request: web.Request) -> web.StreamResponse:
        """The overview; older campaigns by `?offset=`."""
        overview = await self._overview()
        view = views.overview_view(overview, self._watch.rates, self._watch.verdict())
        offset = _offset(request)
        if offset:
            page = await read_campaigns(self._redis, offset=offset, limit=_PAGE)
            view["campaigns"] = [self._campaign_view(reading, overview) for reading in page.campaigns]
        return self._page("overview.html", request, {"view": view, "offset": offset, "page": _PAGE})

    async def campaign(self, request: web.Request) -> web.StreamResponse:
        """One campaign."""
        view = await self._campaign_page(request)
        return self._page("campaign.html", request, {"view": view, "form_token": self._access.form_token})

    async def control(self, request: web.Request) -> web.StreamResponse:
        """Pause, resume or cancel, from the form of the campaign's page; then back to it."""
        form = await request.post()
        self._access.check_form(request, str(form.get("form_token", "")))
        actions = {
            "pause": self._producer.pause,
            "resume": self._producer.resume,
            "cancel": self._producer.cancel,
        }
        try:
            await actions[request.match_info["action"]](request.match_info["id"])
        except ProducerError as error:
            raise web.HTTPNotFound(text=str(error)) from error
        await self._watch.look()
        place = request.app.router["campaign"].url_for(id=request.match_info["id"])
        raise web.HTTPSeeOther(place)

    async def uncertain(self, request: web.Request) -> web.StreamResponse:
        """The uncertain messages, oldest first."""
        overview = await self._overview()
        page = await read_uncertain(self._redis, offset=_offset(request), limit=_UNCERTAIN_PAGE)
        view = {**views.uncertain_view(page), "at": overview.at}
        return self._page("uncertain.html", request, {"view": view, "page": _UNCERTAIN_PAGE})

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus' text format."""
        body = metrics.render(await self._watch.fresh())
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def health(self, _: web.Request) -> web.Response:
        """200 when Redis answers and both roles have a live worker, else 503."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT):
                workers = await read_workers(self._redis)
        except (RedisError, OSError, TimeoutError):
            return _json({"status": "failing", "redis": "no answer", "workers": None}, status=503)
        live = {role: sum(1 for w in workers if w.is_live and role in w.roles) for role in ("send", "track")}
        is_well = all(live.values())
        body = {"status": "ok" if is_well else "failing", "redis": "ok", "workers": live}
        return _json(body, status=200 if is_well else 503)

    async def api_overview(self, _: web.Request) -> web.Response:
        """What the first page shows."""
        overview = await self._overview()
        return _json(views.overview_view(overview, self._watch.rates, self._watch.verdict()))

    async def api_campaign(self, request: web.Request) -> web.Response:
        """What a campaign's page shows."""
        return _json(await self._campaign_page(request))

    async def _overview(self) -> Overview:
        overview = await self._watch.latest()
        if overview is None:
            raise web.HTTPServiceUnavailable(text=str(self._watch.verdict()))
        return overview

    async def _campaign_page(self, request: web.Request) -> Values:
        campaign = CampaignId(request.match_info["id"])
        overview = await self._overview()
        reading = await read_campaign(self._redis, campaign)
        if reading is None:
            raise web.HTTPNotFound(text="There is no such campaign (any more).")
        refusals = await read_refusals(self._redis, campaign)
        account = next((a for a in overview.accounts if a.name == reading.progress.account), None)
        return views.campaign_page_view(reading, account, refusals, self._watch.rates, overview.at)

    def _campaign_view(self, reading: CampaignReading, overview: Overview) -> Values:
        account = next((a for a in overview.accounts if a.name == reading.progress.account), None)
        return views.campaign_view(reading, account, self._watch.rates, overview.at)

    def _page(
        self, template: str, request: web.Request, values: Mapping[str, Any]
    ) -> web.Response:  # Any: see Values
        verdict = views.verdict_view(self._watch.verdict())
        uncertain = self._watch.overview.uncertain if self._watch.overview else 0
        shown = {**values, "verdict": verdict, "uncertain_total": uncertain}
        return aiohttp_jinja2.render_template(template, request, shown)


def _offset(request: web.Request) -> int:
    given = request.query.get("offset", "0")
    if not (given.isascii() and given.isdecimal()) or len(given) > 7:
        raise web.HTTPBadRequest(text="offset must be a whole number")
    return min(int(given), _FARTHEST)


def _json(value: Values, *, status: int = 200) -> web.Response:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    return web.Response(body=body, status=status, content_type="application/json")
