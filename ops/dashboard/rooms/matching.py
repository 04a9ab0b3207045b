"""What an operator may do with every message that matches a filter: cancel it, or send it again."""

import secrets
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from aiohttp import web

from ops.dashboard.drafts import Asked, Draft
from ops.dashboard.frame import Frame, visitor
from ops.dashboard.gathering import NUMBER, TooManyError, gather
from ops.dashboard.previewing import preview_of
from ops.dashboard.rooms.messages import Filter, filter_of
from ops.dashboard.uploading import LARGEST_FILE
from ops.errors import OpsError
from ops.messages import MessageReading, read_messages
from ops.readings import CampaignReading, read_campaign
from ops.withdrawing import cancel_messages
from producer.contract.messages import CampaignId, MessageId
from producer.contract.states import State
from producer.directory import account
from producer.errors import ProducerError

_LONGEST_BASE: Final = 48
WAITING: Final = (State.QUEUED, State.DEFERRED)


class MatchingRoom:
    """The orders below `/campaigns/ID/messages`."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.post("/campaigns/{id:[^/]+}/messages/again", self.again),
            web.post("/campaigns/{id:[^/]+}/messages/cancel", self.cancel),
        ]

    async def again(self, request: web.Request) -> web.Response:
        """Gather those of the matching messages that nobody got as a new campaign, and show its preview.

        Nothing is stored or sent before the preview is confirmed.
        """
        campaign = await self._campaign(request)
        wanted = filter_of({name: str(value) for name, value in (await request.post()).items()})
        path = self._frame.drafts.new_path()
        draft: Draft | None = None
        try:
            async with self._frame.audit.acting(
                visitor(request).name, "messages.again", campaign.id, before=wanted.query
            ) as act:
                count = await gather(self._matching(campaign.id, wanted), path, most_bytes=LARGEST_FILE)
                act.after = f"{count} gathered for a preview"
                if count:
                    asked = _asked(campaign)
                    entry = await account(self._frame.redis, campaign.progress.account)
                    preview = await preview_of(
                        self._frame.redis, entry, asked.text, path, column=NUMBER, region=asked.default_region
                    )
                    name = f"{count} messages of {campaign.id}"
                    draft = self._frame.drafts.keep(visitor(request).name, path, name, asked, preview)
        except (TooManyError, ProducerError) as error:
            raise web.HTTPConflict(text=f"This was not done: {error}.") from error
        finally:
            if draft is None:
                self._frame.drafts.drop(path.name)
        if draft is None:
            raise web.HTTPConflict(text="None of these messages has ended without reaching somebody.")
        return self._frame.back(f"/submit/{draft.key}")

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel those of the matching messages that wait to be sent; then back to them."""
        campaign, who = await self._campaign(request), visitor(request).name
        wanted = filter_of({name: str(value) for name, value in (await request.post()).items()})
        count = 0
        try:
            async with self._frame.audit.acting(who, "messages.cancel", campaign.id, before=wanted.query) as act:
                waiting = self._waiting(campaign.id, wanted)
                async for done in cancel_messages(self._frame.redis, campaign.id, waiting, who):
                    count += done
                    act.after = f"{count} cancelled"
        except OpsError as error:
            raise web.HTTPServiceUnavailable(text=f"{count:,} were cancelled, then {error}.") from error
        await self._frame.watch.look()
        base = f"/campaigns/{quote(campaign.id, safe='')}/messages"
        return self._frame.back(
            f"{base}?{wanted.query}" if wanted.query else base, "cancelled" if count else "unchanged"
        )

    async def _waiting(self, campaign: CampaignId, wanted: Filter) -> AsyncIterator[MessageId]:
        async for message in self._matching(campaign, wanted):
            if message.record.state in WAITING:
                yield message.id

    async def _matching(self, campaign: CampaignId, wanted: Filter) -> AsyncIterator[MessageReading]:
        async for message in read_messages(self._frame.redis, campaign):
            if wanted.fits(message):
                yield message

    async def _campaign(self, request: web.Request) -> CampaignReading:
        reading = await read_campaign(self._frame.redis, CampaignId(request.match_info["id"]))
        if reading is None:
            raise web.HTTPNotFound(text="There is no such campaign (any more).")
        return reading


def _asked(campaign: CampaignReading) -> Asked:
    """The same again, without its times: they are over, or nearly."""
    spec = campaign.campaign
    return Asked(
        account_name=campaign.progress.account,
        text=spec.text,
        campaign_id=f"{campaign.id[:_LONGEST_BASE]}-again-{secrets.token_hex(3)}",
        sender=spec.sender,
        lane=spec.lane,
        on_uncertain=spec.on_uncertain,
        options=spec.options,
        column=NUMBER,
    )
