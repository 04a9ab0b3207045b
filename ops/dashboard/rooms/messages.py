"""The messages of a campaign: filtered, a page at a time, or all that match as a file."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from ops.dashboard import views
from ops.dashboard.access import dress
from ops.dashboard.frame import Frame, visitor
from ops.messages import MessageReading, read_messages
from ops.readings import read_campaign
from producer.contract.messages import CampaignId, Msisdn
from producer.contract.orders import GROUPS, Filter
from producer.contract.states import State
from producer.msisdn import masked

_PAGE: Final = 50
_CHUNKS: Final = 40
"""Chunks that one page looks through at most; the next page goes on behind them."""

_PLACE: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,6})")
_PREFIX: Final = re.compile(r"[0-9]{1,15}")
_LONGEST_CODE: Final = 100
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

_COLUMNS: Final = ("message", "msisdn", "state", "attempts", "changed_at", "reference", "code", "words")


class MessagesRoom:
    """`/campaigns/ID/messages` and `messages.csv`. Numbers are masked for viewers."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/campaigns/{id:[^/]+}/messages", self.show),
            web.get("/campaigns/{id:[^/]+}/messages.csv", self.download, allow_head=False),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """A page of the messages that fit, behind `?after=`."""
        campaign, wanted, overview = (
            await self._campaign(request),
            filter_of(request.query),
            await self._frame.overview(),
        )
        after, shown = _after(request), _shown(request)
        found, following = await self._page(campaign, wanted, after)
        view = {
            "at": overview.at,
            "id": campaign,
            "filter": wanted,
            "query": wanted.query,
            "states": [*GROUPS, *State],
            "messages": [_row(message, shown) for message in found],
            "is_later": after != (0, -1),
            "following": following,
        }
        return self._frame.page("messages.html", request, {"view": view})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Every message that fits as CSV, as it is read: memory does not grow with them."""
        campaign, wanted, shown = await self._campaign(request), filter_of(request.query), _shown(request)
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
        async for piece in _lines(read_messages(self._frame.redis, campaign), wanted, shown):
            await response.write(piece)
        return response

    async def _page(
        self, campaign: CampaignId, wanted: Filter, after: tuple[int, int]
    ) -> tuple[list[MessageReading], str]:
        """The messages, and the place that the next page begins behind; empty when there is no more."""
        found: list[MessageReading] = []
        seen, last = "", None
        async for message in read_messages(self._frame.redis, campaign, first=after[0]):
            place = (message.id.chunk, message.id.place)
            if place <= after:
                continue
            last = message.id.chunk + _CHUNKS if last is None else last  # of those behind `after`
            if len(found) == _PAGE or message.id.chunk >= last:
                return found, seen
            seen = f"{place[0]}.{place[1]}"
            if wanted.fits(message.record, message.msisdn):
                found.append(message)
        return found, ""

    async def _campaign(self, request: web.Request) -> CampaignId:
        campaign = CampaignId(request.match_info["id"])
        if await read_campaign(self._frame.redis, campaign) is None:
            raise web.HTTPNotFound(text="There is no such campaign (any more).")
        return campaign


def filter_of(given: Mapping[str, str]) -> Filter:
    """The filter that a query or a form asks for; 400 when it is none."""
    state, code, prefix = (given.get(name, "").strip() for name in ("state", "code", "prefix"))
    if state and state not in {*GROUPS, *State}:
        raise web.HTTPBadRequest(text=f"state is one of {', '.join([*GROUPS, *State])}")
    prefix = prefix.removeprefix("+")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise web.HTTPBadRequest(text="The beginning of a number is digits.")
    return Filter(state=state, code=code[:_LONGEST_CODE], prefix=prefix)


async def _lines(
    messages: AsyncIterator[MessageReading], wanted: Filter, shown: Callable[[Msisdn], str]
) -> AsyncIterator[bytes]:
    """CSV in pieces of some ten kB. What a spreadsheet would take for a formula is written as text."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_COLUMNS)
    async for message in messages:
        if wanted.fits(message.record, message.msisdn):
            row = _row(message, shown)
            at = row["changed_at"]
            rows.writerow([_plain((row | {"changed_at": at.isoformat() if at else ""})[name]) for name in _COLUMNS])
        if text.tell() > 32_768:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


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
