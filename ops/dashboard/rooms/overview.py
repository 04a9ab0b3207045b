"""The first page: the verdict, the accounts, the newest campaigns, queues, workers and Redis at a glance."""

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, json


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
        return self._frame.page("overview.html", request, {"view": await self._view()})

    async def tell(self, _: web.Request) -> web.Response:
        """The same as JSON."""
        return json(await self._view())

    async def _view(self) -> views.View:
        overview = await self._frame.overview()
        watch = self._frame.watch
        return views.overview_view(overview, watch.rates, watch.verdict(), await self._frame.prices())
