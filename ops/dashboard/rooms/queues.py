"""Queues and workers: what waits and for how long, who works, and whether Redis keeps what it is told."""

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, json


class QueuesRoom:
    """`/queues`."""

    place = Place(name="queues", title="Queues", path="/queues")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/queues", self.show), web.get("/api/queues", self.tell)]

    async def show(self, request: web.Request) -> web.Response:
        """All of it."""
        return self._frame.page("queues.html", request, {"view": await self._view()})

    async def tell(self, _: web.Request) -> web.Response:
        """The same as JSON."""
        return json(await self._view())

    async def _view(self) -> views.View:
        overview = await self._frame.overview()
        return {
            "at": overview.at,
            "queues": [views.queue_view(queue) for queue in overview.queues],
            "workers": [views.worker_view(worker) for worker in overview.workers],
            "redis": views.server_view(overview.server),
            "backlogs": views.backlogs_view(overview.backlogs),
        }
