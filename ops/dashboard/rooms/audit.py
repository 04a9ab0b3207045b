"""The audit log: what operators did, newest first."""

import re
from typing import Final

from aiohttp import web

from ops.dashboard.frame import Frame, Place

_PAGE: Final = 50
_ID: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,10}")


class AuditRoom:
    """`/audit`."""

    place = Place(name="audit", title="Audit log", path="/audit")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/audit", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """A page of entries; older ones by `?before=`."""
        before = request.query.get("before", "")
        if before and not _ID.fullmatch(before):
            raise web.HTTPBadRequest(text="before is the id of an entry")
        overview = await self._frame.overview()
        page = await self._frame.audit.read(before=before, limit=_PAGE)
        view = {"at": overview.at, "entries": page.entries, "older": page.older, "before": before}
        return self._frame.page("audit.html", request, {"view": view})
