"""The uncertain messages: perhaps sent, oldest first."""

from typing import Final

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, offset_of
from ops.readings import read_uncertain

_PAGE: Final = 100


class UncertainRoom:
    """`/uncertain`."""

    place = Place(name="uncertain", title="Uncertain", path="/uncertain")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/uncertain", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """A page of them."""
        overview = await self._frame.overview()
        page = await read_uncertain(self._frame.redis, offset=offset_of(request), limit=_PAGE)
        view = {**views.uncertain_view(page), "at": overview.at}
        return self._frame.page("uncertain.html", request, {"view": view, "page": _PAGE})
