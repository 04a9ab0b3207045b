"""The first page: the verdict, the accounts, the newest campaigns, queues, workers and Redis at a glance."""

from typing import Final

from aiohttp import web
from redis.exceptions import RedisError

from ops.dashboard import views
from ops.dashboard.frame import DISPENSABLE_WITHIN, Frame, Place, json
from ops.readings import Overview, combined, read_series
from producer.contract.series import Span

_KEPT_FOR: Final = 5.0


class OverviewRoom:
    """`/` and its JSON."""

    place = Place(name="overview", title="Overview", path="/")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/", self.show), web.get("/api/overview", self.tell)]

    async def show(self, request: web.Request) -> web.Response:
        """Everything at a glance."""
        view = await self._view()
        overview = await self._frame.overview()
        return self._frame.page("overview.html", request, {"view": view, "chart": await self._chart(overview)})

    async def tell(self, _: web.Request) -> web.Response:
        """The same as JSON."""
        return json(await self._view())

    async def _view(self) -> views.View:
        overview = await self._frame.overview()
        watch = self._frame.watch
        return views.overview_view(overview, watch.rates, watch.verdict(), await self._frame.prices())

    async def _chart(self, overview: Overview) -> views.View | None:
        """The throughput of the last hour; None while nothing is known of it."""
        names = [account.entry.name for account in overview.accounts]

        async def drawn() -> views.View | None:
            series = list((await read_series(self._frame.redis, names, Span.HOUR)).values())
            chart = views.chart_view(views.THROUGHPUT, combined(series)) if series else None
            return chart if chart and chart["has_values"] else None

        try:
            return await self._frame.shared.get("throughput", drawn, for_seconds=_KEPT_FOR, within=DISPENSABLE_WITHIN)
        except (RedisError, OSError, TimeoutError):
            return None
