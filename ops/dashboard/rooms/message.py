"""One message: its timeline, raw answers that name it, a person's decision, and asking the provider now."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.asking import Told, ask_provider, failure
from ops.dashboard import views
from ops.dashboard.frame import Frame, visitor
from ops.dashboard.views.message import message_view
from ops.deciding import DECISIONS, DecisionError, ask_to_decide, decided, undecided
from ops.errors import OpsError
from ops.story import Found, Story, find, read_story
from producer.contract.messages import CampaignId, MessageId
from producer.msisdn import masked

_PLACE: Final = re.compile(r"([0-9]{1,9})\.([0-9]{1,6})")
_DECIDED_WITHIN: Final = 5.0
_FOUND_FOR: Final = 15.0
"""Seconds that what journal and audit log have of a message is kept: pages look every second."""

_PAGE: Final = "/campaigns/{id:[^/]+}/messages/{place:[0-9.]+}"

# columns of an answer that name somebody
_NUMBERS: Final = frozenset({"phone", "msisdn", "to"})


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
            async with self._frame.audit.acting(who, f"message.{decision}", str(story.id), before=before) as act:
                await ask_to_decide(redis, [story.id], decision, who)
                act.after = await decided(redis, story.id, within=_DECIDED_WITHIN)
        except DecisionError as error:
            raise web.HTTPConflict(text=f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        self._frame.shared.forget()
        await self._frame.watch.look()
        self._frame.back(_path(story.id), "decided")

    async def ask(self, request: web.Request) -> web.Response:
        """Ask the provider what it knows of the message, and show its answer."""
        story = await self._story(request)
        if not story.record.reference:
            raise web.HTTPConflict(text="Nothing was submitted yet: the provider does not know this message.")
        who = visitor(request).name
        try:
            async with self._frame.audit.acting(who, "message.ask", str(story.id), before=story.record.state) as act:
                told = await self._asked(story)
                act.after = failure(told) or f"{len(told.get('records', ()))} records"
        except OpsError as error:
            raise web.HTTPServiceUnavailable(text=f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
        self._frame.shared.forget()
        return await self._page(request, await self._story(request), told)

    async def _asked(self, story: Story) -> Told:
        """By the call of the account's family that tells of one message; its drain where there is none."""
        account, redis = story.campaign.progress.account, self._frame.redis
        overview = await self._frame.overview()
        family = next((each.entry.family for each in overview.accounts if each.entry.name == account), "")
        told: Told = {"error": f"account {account} is not announced: no worker has it"}
        for call, given in _calls(family, story):
            told = await ask_provider(redis, account, call, given, {})
            if not failure(told):
                break
        return told

    async def _page(self, request: web.Request, story: Story, told: Told | None = None) -> web.Response:
        overview, may_act = await self._frame.overview(), visitor(request).may_act
        view = {
            "at": overview.at,
            **message_view(story, str if may_act else masked, for_operator=may_act),
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
        found: Found = await self._frame.shared.get(
            f"story {story.id} {story.record}", lambda: find(self._frame.redis, story), for_seconds=_FOUND_FOR
        )
        return replace(story, found=found)


def _calls(family: str, story: Story) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """The calls that tell of one message, the best first (what each takes: `volley provider ACCOUNT`)."""
    reference = story.record.reference
    match family:
        case "smsc":
            return (("status", {"phone": story.recipient.msisdn, "id": reference, "all": "1"}),)
        case "restv2":  # version 3 where the host has it; else what has changed since somebody last asked
            return (("status_sms", {"smsId": reference}), ("status", {}))
        case _:
            return ()


def _told(told: Told) -> views.View:
    """The answer as it is shown: numbers masked, and what is empty left out."""
    records = [
        {name: masked(str(value)) if name in _NUMBERS else str(value) for name, value in each.items() if value}
        for each in told.get("records", ())
    ]
    return {"error": failure(told), "records": records}


def _path(message: MessageId) -> str:
    return f"/campaigns/{quote(message.campaign, safe='')}/messages/{message.chunk}.{message.place}"
