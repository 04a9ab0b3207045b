"""What machines ask: Prometheus' metrics, and whether all is well."""

import asyncio
from typing import Final

from aiohttp import web
from redis.exceptions import RedisError

from ops import metrics
from ops.dashboard.frame import Frame, json
from ops.readings import read_workers

_HEALTH_TIMEOUT: Final = 3.0


class MachinesRoom:
    """`/metrics` and `/health`."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/metrics", self.metrics), web.get("/health", self.health)]

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus' text format."""
        body = metrics.render(await self._frame.watch.fresh())
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def health(self, _: web.Request) -> web.Response:
        """200 when Redis answers and both roles have a live worker, else 503."""
        try:
            async with asyncio.timeout(_HEALTH_TIMEOUT):
                workers = await read_workers(self._frame.redis)
        except (RedisError, OSError, TimeoutError):
            return json({"status": "failing", "redis": "no answer", "workers": None}, status=503)
        live = {role: sum(1 for w in workers if w.is_live and role in w.roles) for role in ("send", "track")}
        is_well = all(live.values())
        body = {"status": "ok" if is_well else "failing", "redis": "ok", "workers": live}
        return json(body, status=200 if is_well else 503)
