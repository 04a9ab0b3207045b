"""The messages of a campaign: filtered, a page at a time, or all that match as a file."""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from ops.dashboard import views
from ops.dashboard.access import dress
from ops.dashboard.frame import Frame, visitor
from ops.dashboard.rooms.orders import order_view
from ops.dashboard.sheet import sheet
from ops.messages import MessageReading, read_page
from ops.readings import CampaignReading, read_campaign
from producer.contract.messages import CampaignId, Msisdn
from producer.contract.orders import GROUPS, Filter, Order, OrderState
from producer.contract.states import State
from producer.msisdn import masked

_PAGE: Final = 50
_CHUNKS: Final = 200
"""Chunks that one page looks through at most; the next page goes on behind them."""

_PLACE: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,6})")
_PREFIX: Final = re.compile(r"[0-9]{1,15}")
_LONGEST_CODE: Final = 100
_AT_ONCE: Final = 4
"""Files that are written at once; others wait for their turn."""

_TAKEN_WITHIN: Final = 60.0
"""Seconds in which a browser must take a piece."""

log = structlog.get_logger(__name__)


class MessagesRoom:
    """`/campaigns/ID/messages` and `messages.csv`. Numbers are masked for viewers."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._places = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/campaigns/{id:[^/]+}/messages", self.show),
            web.get("/campaigns/{id:[^/]+}/messages.csv", self.download, allow_head=False),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """A page of the messages that fit, behind `?after=`."""
        reading = await self._campaign(request)
        campaign, wanted, overview = reading.id, filter_of(request.query), await self._frame.overview()
        after, shown = _after(request), _shown(request)
        found, following = await read_page(self._frame.redis, campaign, wanted, after, most=_PAGE, chunks=_CHUNKS)
        view = {
            "at": overview.at,
            "id": campaign,
            "filter": wanted,
            "query": wanted.query,
            "states": [*GROUPS, *State],
            "codes": [{"code": each.code, "words": each.words} for each in reading.reasons],
            "count": _count(reading, wanted),
            "messages": [_row(message, shown) for message in found],
            "is_later": after != (0, -1),
            "following": following,
            "orders": [order_view(each) for each in await self._frame.orders.newest() if _is_open(each, campaign)],
            "is_carried": bool(overview.live("track")),
        }
        return self._frame.page("messages.html", request, {"view": view})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Every message that fits as CSV, as it is read: memory does not grow with them."""
        campaign, wanted, shown = (await self._campaign(request)).id, filter_of(request.query), _shown(request)
        name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{campaign}-{wanted.state or 'messages'}.csv")
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/csv; charset=utf-8",
                "Content-Disposition": f'attachment; filename="{name}"',
            }
        )
        dress(request, response)
        await self._frame.audit.write(visitor(request).name, "messages.download", campaign, after=wanted.query)
        await response.prepare(request)
        try:
            async with self._places:
                async for piece in sheet(self._frame.redis, campaign, wanted, shown):
                    async with asyncio.timeout(_TAKEN_WITHIN):
                        await response.write(piece)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("download_broken_off", campaign=campaign, error=type(error).__name__)
            if request.transport is not None:
                request.transport.abort()  # so that nobody takes the half for the whole
        return response

    async def _campaign(self, request: web.Request) -> CampaignReading:
        reading = await read_campaign(self._frame.redis, CampaignId(request.match_info["id"]))
        if reading is None:
            raise web.HTTPNotFound(text="There is no such campaign (any more).")
        return reading


def _count(reading: CampaignReading, wanted: Filter) -> int | None:
    """How many fit, where a counter tells; of a code or a beginning of numbers none does."""
    if wanted.code or wanted.prefix:
        return None
    return sum(reading.progress.states.get(state, 0) for state in wanted.states)


def _is_open(order: Order, campaign: CampaignId) -> bool:
    """Whether an order about this campaign's messages goes on."""
    return order.state is OrderState.OPEN and order.kind.lock != "dead" and order.target == campaign


def filter_of(given: Mapping[str, str]) -> Filter:
    """The filter that a query or a form asks for; 400 when it is none."""
    state, code, prefix = (given.get(name, "").strip() for name in ("state", "code", "prefix"))
    if state and state not in {*GROUPS, *State}:
        raise web.HTTPBadRequest(text=f"state is one of {', '.join([*GROUPS, *State])}")
    prefix = prefix.removeprefix("+")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise web.HTTPBadRequest(text="The beginning of a number is digits.")
    return Filter(state=state, code=code[:_LONGEST_CODE], prefix=prefix)


def _row(message: MessageReading, shown: Callable[[Msisdn], str]) -> views.View:
    record = message.record
    return {
        "message": str(message.id),
        "msisdn": shown(message.msisdn),
        "state": record.state,
        "attempts": record.attempts,
        "changed_at": datetime.fromtimestamp(record.changed_at, UTC) if record.changed_at else None,
        "reference": str(record.reference),
        "code": record.code,
        "words": message.words,
    }


def _shown(request: web.Request) -> Callable[[Msisdn], str]:
    """How this visitor sees a number."""
    return str if visitor(request).may_act else masked


def _after(request: web.Request) -> tuple[int, int]:
    given = request.query.get("after", "")
    if not given:
        return 0, -1
    found = _PLACE.fullmatch(given)
    if found is None:
        raise web.HTTPBadRequest(text="after is the place of a message, such as 0.49")
    return int(found[1]), int(found[2])
