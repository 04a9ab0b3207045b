"""Recipients of failed messages that match a filter, gathered as the draft of a new campaign; a person starts it."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from producer.checking import checked_template
from producer.contract import keys
from producer.contract.campaigns import Campaign, CampaignKind, Recipient
from producer.contract.client import Client
from producer.contract.codec import decode_campaign, decode_chunk
from producer.contract.messages import FORGOTTEN, CampaignId
from producer.contract.orders import Order
from producer.contract.states import State
from producer.directory import AccountEntry, account
from producer.drafting import Draft, Drafts, Loaded, Samples
from producer.errors import ProducerError
from producer.gathering import Gathering
from producer.intake import Loading, TakenOverError
from producer.roster import Packed, Sieve
from producer.suppression import SuppressionList
from worker.ledger import LedgerReader
from worker.ordering.pieces import OrderError, Piece, chunks_of

AGAIN: Final = (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED)
"""States of which nothing more is to come, and in which nobody was reached."""

_LONGEST_BASE: Final = 48
_AT_ONCE: Final = 1000
_MOST_REFUSALS: Final = 100


class GatheringAgain:
    """Gathers them. What a piece stores is stored under the same numbers when it is done again."""

    def __init__(self, redis: Client, reader: LedgerReader) -> None:
        self._redis = redis
        self._reader = reader
        self._drafts = Drafts(redis)
        self._suppression = SuppressionList(redis)

    async def piece(self, order: Order, overdue: float) -> Piece:  # noqa: ARG002  # there is no rate to keep
        """Those of some chunks; the first piece opens the draft. OrderError when there is nothing to go on with."""
        try:
            if not order.memo:
                return await self._begin(order)
            return await self._gather(order, Loaded.unpack(order.memo))
        except (ProducerError, TakenOverError) as error:
            raise OrderError(str(error)) from error

    async def _begin(self, order: Order) -> Piece:
        view = await self._reader.campaign(CampaignId(order.target))
        if view is None:
            raise OrderError("the campaign is not there any more")
        campaign = _again(view.campaign)
        loading = await self._drafts.begin(campaign)
        return Piece(cursor="0", is_last=False, memo=Loaded(campaign=campaign.id, token=loading.token).pack())

    async def _gather(self, order: Order, loaded: Loaded) -> Piece:
        campaign = await self._campaign(loaded)
        entry = await account(self._redis, campaign.account)
        cursor, waiting, sieve = int(order.cursor), list[Recipient](), Sieve(order.wanted, AGAIN)
        async for chunk in chunks_of(self._redis, order):
            cursor = chunk.number + 1
            waiting += _recipients(chunk, sieve)
            if len(waiting) >= _AT_ONCE:
                loaded, waiting = await self._store(campaign, entry, loaded, waiting), []
        loaded = await self._store(campaign, entry, loaded, waiting)
        if cursor < int(order.last):
            return Piece(cursor=str(cursor), is_last=False, memo=loaded.pack(), done=loaded.accepted)
        result = await self._end(order, campaign, loaded)
        return Piece(cursor=str(cursor), is_last=True, done=loaded.accepted, left=loaded.refused, result=result)

    async def _campaign(self, loaded: Loaded) -> Campaign:
        """The new campaign, as long as it is ours."""
        spec, token = await self._redis.hmget(keys.campaign(loaded.campaign), ["spec", "token"])
        if spec is None or token != loaded.token.encode():
            raise OrderError("what was gathered is gone: it lies for an hour, and nobody went on with it; order anew")
        return decode_campaign(spec)

    async def _store(
        self, campaign: Campaign, entry: AccountEntry, loaded: Loaded, recipients: list[Recipient]
    ) -> Loaded:
        gathering = Gathering(checked_template(campaign.text, entry), longest_text=entry.longest_text)
        samples = Samples(checked_template(campaign.text, entry), loaded.samples)
        chunks = [chunk async for chunk in self._allowed(gathering, recipients)]
        for chunk in chunks:
            samples.take(chunk)
        await Loading(self._redis, campaign, loaded.token).store(enumerate(chunks, start=loaded.chunks))
        gathered = gathering.gathered
        return replace(
            loaded,
            chunks=loaded.chunks + len(chunks),
            accepted=loaded.accepted + gathered.accepted,
            refused=loaded.refused + gathered.refused,
            segments=loaded.segments + gathered.segments,
            refusals=(*loaded.refusals, *gathered.refusals)[:_MOST_REFUSALS],
            samples=samples.shown(),
        )

    async def _allowed(self, gathering: Gathering, recipients: list[Recipient]) -> AsyncIterator[list[Recipient]]:
        """Chunks without those who asked not to be written to."""
        for chunk in gathering.chunks(recipients):
            suppressed = await self._suppression.among([recipient.msisdn for recipient in chunk])
            if kept := gathering.suppress(chunk, suppressed):
                yield kept

    async def _end(self, order: Order, campaign: Campaign, loaded: Loaded) -> str:
        """The draft's key; empty where nobody is to be written to."""
        if not loaded.accepted:
            await Loading(self._redis, campaign, loaded.token).abandon()
            return ""
        draft = Draft(
            key=order.id,
            owner=order.who,
            campaign=campaign,
            token=loaded.token,
            file_name=f"{loaded.accepted} messages of {order.target}",
            chunks=loaded.chunks,
            accepted=loaded.accepted,
            refused=loaded.refused,
            segments=loaded.segments,
            refusals=loaded.refusals,
            samples=loaded.samples,
        )
        await self._drafts.keep(draft)
        return draft.key


def _recipients(chunk: Packed, sieve: Sieve) -> list[Recipient]:
    """Those who are meant, but who was forgotten."""
    places = sieve.places(chunk)
    if chunk.data is None or not places:
        return []
    recipients = decode_chunk(chunk.data)
    return [recipients[place] for place in places if recipients[place].msisdn != FORGOTTEN]


def _again(spec: Campaign) -> Campaign:
    """The same again, without its times: they are over, or nearly."""
    return replace(
        spec,
        id=CampaignId(f"{spec.id[:_LONGEST_BASE]}-again-{secrets.token_hex(3)}"),
        kind=CampaignKind.BULK,
        not_before=None,
        not_after=None,
        created_at=datetime.now(UTC),
    )
