"""Charts: throughput, states, latency, rate against limit and balance over an hour, a day or a week."""

from typing import Final

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.frame import Frame, Place, json
from ops.readings import Series, combined, read_series
from producer.contract.messages import AccountName
from producer.contract.series import RINGS, Span

_KEPT_FOR: Final = 5.0
"""Seconds that drawn charts are kept: a sample comes every ten."""


class ChartsRoom:
    """`/charts`."""

    place = Place(name="charts", title="Charts", path="/charts")

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [web.get("/charts", self.show), web.get("/api/charts", self.tell)]

    async def show(self, request: web.Request) -> web.Response:
        """The charts of `?account=` (all of them together without) over `?span=`."""
        return self._frame.page("charts.html", request, {"view": await self._view(request)})

    async def tell(self, request: web.Request) -> web.Response:
        """The same as JSON."""
        return json(await self._view(request))

    async def _view(self, request: web.Request) -> views.View:
        overview = await self._frame.overview()
        names = [account.entry.name for account in overview.accounts]
        span, account = _span(request), request.query.get("account", "")
        if account and account not in names:
            raise web.HTTPNotFound(text="There is no such account.")
        drawn: list[views.View] = await self._frame.shared.get(
            f"charts {span} {account}", lambda: self._drawn(names, span, account), for_seconds=_KEPT_FOR
        )
        return {
            "at": overview.at,
            "span": span,
            "spans": [*Span],
            "step": RINGS[span].step,
            "account": account,
            "accounts": names,
            "charts": drawn,
        }

    async def _drawn(self, names: list[AccountName], span: Span, account: str) -> list[views.View]:
        wanted = [AccountName(account)] if account else names
        if not wanted:
            return []
        series: list[Series] = list((await read_series(self._frame.redis, wanted, span)).values())
        return views.charts_view(series[0] if account else combined(series))


def _span(request: web.Request) -> Span:
    try:
        return Span(request.query.get("span", Span.HOUR))
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"span is one of {', '.join(Span)}") from error
