"""One person out of the campaigns: chunk by chunk, each changed by the ledger in one step if the message is final."""

from typing import Final

import structlog

from producer.contract import keys
from producer.contract.campaigns import CampaignState
from producer.contract.client import Client
from producer.contract.codec import decode_refusal, encode_refusal, places_of, without_recipient
from producer.contract.messages import CampaignId, MessageId, Msisdn
from producer.contract.scripts import Script
from producer.contract.states import Event
from worker.forgetting.found import Found
from worker.forgetting.needle import Needle
from worker.ledger import CampaignView, Ledger, LedgerReader

REPLACE: Final = Script("worker", "replace")

_CHUNKS_A_TRIP: Final = 50
_MOST_REFUSALS: Final = 1000
_ERASED: Final = "(forgotten)"
_GONE: Final = frozenset({"forgotten", "ended"})

log = structlog.get_logger(__name__)


class RecipientEraser:
    """Takes one person out of chunks, refusals and the sets of who is in a campaign. Safe twice, beside workers."""

    def __init__(self, redis: Client, ledger: Ledger, reader: LedgerReader) -> None:
        self._redis = redis
        self._ledger = ledger
        self._reader = reader

    async def following(self, campaign: str) -> str:
        """The name of the campaign behind this one; empty behind the last."""
        names = sorted(name.decode() for name in await self._redis.zrange(keys.CAMPAIGNS, 0, -1))
        return next((name for name in names if name > campaign), "")

    async def step(
        self, campaign: CampaignId, first: int, needle: Needle, found: Found, *, cancel: bool
    ) -> int | None:
        """Some chunks from `first` on; where to go on, None behind the last."""
        view, place = await self._reader.campaign(campaign), await self._reader.place(campaign)
        if view is None or place is None or place.state is CampaignState.LOADING:
            return None
        if not first:
            found.refusals += await self._refusals(campaign, needle)
        numbers = range(first, min(first + _CHUNKS_A_TRIP, place.chunks))
        data = await self._redis.hmget(keys.chunks(campaign), list(map(str, numbers))) if numbers else []
        for number, chunk in zip(numbers, data, strict=True):
            if chunk is not None:
                await self._chunk(view, number, chunk, needle, found, cancel=cancel)
        found.chunks += len(numbers)
        if numbers.stop < place.chunks:
            return numbers.stop
        found.campaigns += 1
        return None

    async def _chunk(
        self, view: CampaignView, number: int, data: bytes, needle: Needle, found: Found, *, cancel: bool
    ) -> None:
        try:
            places = places_of(data, needle.msisdn)
        except ValueError:
            log.warning("chunk_unreadable", campaign=view.campaign.id, chunk=number)
            return
        for place in places:
            message = MessageId(campaign=view.campaign.id, chunk=number, place=place)
            answer = await self._erase(view, message, needle.msisdn, data, cancel=cancel)
            found.recipients += answer in _GONE
            found.ended += answer == "ended"
            if answer and answer not in _GONE:
                found.note_open(str(message), answer)

    async def _erase(
        self, view: CampaignView, message: MessageId, msisdn: Msisdn, data: bytes, *, cancel: bool
    ) -> str:
        """Let the ledger do it; a chunk that somebody else changed meanwhile is read anew. Empty: it is not there."""
        current: bytes | None = data
        while current is not None and message.place in places_of(current, msisdn):
            answer = await self._ledger.forget(
                message,
                msisdn,
                (current, without_recipient(current, message.place)),
                account=view.campaign.account,
                lane=view.campaign.lane,
                event=Event.CANCEL if cancel else None,
            )
            if answer != "changed":
                return answer
            before, current = current, await self._redis.hget(keys.chunks(message.campaign), str(message.chunk))
            if current == before:  # the campaign is another one by now, and is loading
                return ""
        return ""

    async def _refusals(self, campaign: CampaignId, needle: Needle) -> int:
        """Line and reason stay, what was given goes."""
        erased = 0
        name = keys.refusals(campaign)
        for index, data in enumerate(await self._redis.lrange(name, 0, _MOST_REFUSALS - 1)):
            if not needle.is_written_in(data):
                continue
            refusal = decode_refusal(data)
            kept = encode_refusal(type(refusal)(line=refusal.line, given=_ERASED, reason=refusal.reason))
            erased += await REPLACE.run(self._redis, [name], ["list", index, data, kept])
        return erased
