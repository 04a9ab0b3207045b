"""Messages of a campaign that match a filter and wait to be sent are cancelled, some chunks at a time."""

from typing import Final

from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.contract.orders import Order
from producer.contract.states import State
from producer.roster import Sieve
from worker.ledger import CampaignView, LedgerReader
from worker.ledger.withdrawing import withdraw_messages
from worker.ordering.pieces import OrderError, Piece, chunks_of

WAITING: Final = (State.QUEUED, State.DEFERRED)
_CODE: Final = "volley.withdrawn"


class Cancelling:
    """Cancels them; the ledger counts them on the order in the step that cancels them."""

    def __init__(self, redis: Client, reader: LedgerReader) -> None:
        self._redis = redis
        self._reader = reader

    async def piece(self, order: Order, overdue: float) -> Piece:  # noqa: ARG002  # there is no rate to keep
        """Those of some chunks. OrderError when the campaign is gone."""
        view = await self._reader.campaign(CampaignId(order.target))
        if view is None:
            raise OrderError("the campaign is not there any more")
        cursor, sieve = int(order.cursor or 0), Sieve(order.wanted, WAITING)
        async for chunk in chunks_of(self._redis, order):
            await self._cancel(view, order, chunk.number, sieve.places(chunk))
            cursor = chunk.number + 1
        return Piece(cursor=str(cursor), is_last=cursor >= int(order.last))

    async def _cancel(self, view: CampaignView, order: Order, chunk: int, places: list[int]) -> None:
        await withdraw_messages(
            self._redis,
            view.campaign.id,
            {chunk: places},
            _CODE,
            account=view.campaign.account,
            lane=view.campaign.lane,
            order=order.id,
        )
