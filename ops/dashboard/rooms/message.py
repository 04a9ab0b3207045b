"""One message: its timeline, raw exchanges, a person's decision, and asking the provider now."""

import re
import time
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.asking import Told, ask_about, failure
from ops.dashboard import views
from ops.dashboard.formats import clock
from ops.dashboard.frame import Frame, visitor
from ops.dashboard.views.message import message_view
from ops.deciding import DECISIONS, DecisionError, ask_to_decide, decided, undecided
from ops.errors import OpsError
from ops.story import Story, find, read_story
from ops.trail import Trail
from producer.contract.messages import CampaignId, MessageId
from producer.msisdn import masked

_PLACE: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,6})")
_DECIDED_WITHIN: Final = 5.0
_FOUND_FOR: Final = 15.0
_FOUND_NEW_FOR: Final = 3.0
"""Seconds that the trail of a message is kept (of one that has just changed): pages look every second."""

_PAGE: Final = "/campaigns/{id:[^/]+}/messages/{place:[0-9.]+}"


class MessageRoom:
    """`/campaigns/ID/messages/CHUNK.PLACE` and the orders below it."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get(_PAGE, self.show),
            web.post(f"{_PAGE}/decide", self.decide),
            web.post(f"{_PAGE}/ask", self.ask),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """The message."""
        return await self._page(request, await self._story(request))

    async def decide(self, request: web.Request) -> web.Response:
        """Decide about an uncertain message; then back to it."""
        story, decision = await self._story(request), str((await request.post()).get("decision", ""))
        if decision not in DECISIONS:
            raise web.HTTPBadRequest(text=f"A decision is one of {', '.join(DECISIONS)}.")
        redis, who = self._frame.redis, visitor(request).name
        try:
            before = await undecided(redis, story.id)
            async with self._frame.audit.acting(
                who, f"message.{decision}", str(story.id), before=before.state
            ) as act:
                jobs = await ask_to_decide(redis, {story.id: before}, decision, who)
                act.after = await decided(redis, story.id, jobs[story.id], within=_DECIDED_WITHIN)
        except DecisionError as error:
            raise web.HTTPConflict(text=f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        self._frame.shared.forget()
        await self._frame.watch.look()
        self._frame.back(_path(story.id), "decided")

    async def ask(self, request: web.Request) -> web.Response:
        """Ask the provider what it knows of the message; show its answer, which a worker has applied to the books."""
        story = await self._story(request)
        if not story.record.reference:
            raise web.HTTPConflict(text="Nothing was submitted yet: the provider does not know this message.")
        who = visitor(request).name
        try:
            async with self._frame.audit.acting(who, "message.ask", str(story.id), before=story.record.state) as act:
                told = await ask_about(self._frame.redis, story.id)
                act.after = _outcome(told)
        except OpsError as error:
            raise web.HTTPServiceUnavailable(text=f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        self._frame.shared.forget()
        await self._frame.watch.look()
        return await self._page(request, await self._story(request), told)

    async def _page(self, request: web.Request, story: Story, told: Told | None = None) -> web.Response:
        overview, may_act = await self._frame.overview(), visitor(request).may_act
        view = {
            "at": overview.at,
            **message_view(story, str if may_act else masked, for_operator=may_act, at=overview.at),
            "decisions": DECISIONS,
            "told": None if told is None else _told(told),
        }
        return self._frame.page("one_message.html", request, {"view": view})

    async def _story(self, request: web.Request) -> Story:
        place = _PLACE.fullmatch(request.match_info["place"])
        story = None
        if place is not None:
            campaign = CampaignId(request.match_info["id"])
            message = MessageId(campaign=campaign, chunk=int(place[1]), place=int(place[2]))
            story = await read_story(self._frame.redis, message)
        if story is None:
            raise web.HTTPNotFound(text="There is no such message (any more).")
        is_new = time.time() - story.record.changed_at < _FOUND_FOR  # its exchange may not be written yet
        trail: Trail = await self._frame.shared.get(
            f"story {story.id} {story.record}",
            lambda: find(self._frame.redis, story),
            for_seconds=_FOUND_NEW_FOR if is_new else _FOUND_FOR,
        )
        return replace(story, trail=trail)


def _told(told: Told) -> views.View:
    """The answer as it is shown: what is empty left out, and what the books have made of it."""
    records = [
        {name: _shown(name, str(value)) for name, value in each.items() if value} for each in told.get("records", ())
    ]
    wait = told.get("retry_in")
    error = failure(told) + (f"; in {wait:.0f} s it may be asked again" if wait else "")
    state, before = told.get("state", ""), told.get("before", "")
    return {
        "error": error,
        "records": records,
        "is_unknown": bool(told.get("unknown")),
        "state": state.replace("_", " "),
        "before": before.replace("_", " "),
        "has_moved": state != before,
    }


def _shown(name: str, value: str) -> str:
    """A time as the page writes times."""
    return clock(datetime.fromisoformat(value)) if name == "changed_at" else value


def _outcome(told: Told) -> str:
    """What the audit log says of it."""
    return failure(told) or ("unknown to the provider, " if told.get("unknown") else "") + str(told.get("state", ""))


def _path(message: MessageId) -> str:
    return f"/campaigns/{quote(message.campaign, safe='')}/messages/{message.chunk}.{message.place}"
