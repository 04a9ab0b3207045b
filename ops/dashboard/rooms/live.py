"""Live updates: a server-sent event for every reading of the one watch. Pages then load their own parts again."""

import time
from contextlib import suppress
from typing import Final

import orjson
from aiohttp import web

from ops.dashboard.access import dress
from ops.dashboard.frame import Frame

_MOST: Final = 200
"""Streams of one process; a browser that gets none looks by itself every few seconds."""

_LONGEST: Final = 600.0
"""Seconds of one stream; the browser opens the next one, and is asked for its session again."""

_SILENCE: Final = 15.0
"""Seconds without an event after which a comment keeps proxies from closing the stream."""


class LiveRoom:
    """`/live`: many browsers cost Redis no more than one."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._watch = frame.watch
        self._streams = 0

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/live", self.stream, allow_head=False)]

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Events `look` with the reading's number, until the browser goes or the time is over."""
        if self._streams >= _MOST:
            raise web.HTTPServiceUnavailable(text="Too many pages are open.")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        dress(request, response)
        await response.prepare(request)
        self._streams += 1
        try:
            with suppress(ConnectionResetError):  # the browser went
                await self._tell(response)
        finally:
            self._streams -= 1
        return response

    async def _tell(self, response: web.StreamResponse) -> None:
        ends_at, seen = time.monotonic() + _LONGEST, -1
        await response.write(b"retry: 2000\n\n")
        while time.monotonic() < ends_at and not self._watch.is_over:
            if await self._watch.turned(seen, within=_SILENCE):
                seen = self._watch.version
                told = orjson.dumps({"version": seen, "level": self._watch.verdict().level})
                await response.write(b"event: look\ndata: " + told + b"\n\n")
            else:
                await response.write(b": still here\n\n")
