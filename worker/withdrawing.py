"""A person's order to cancel single messages of a campaign, asked for by `ops` as an arq job."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog

from producer.contract.messages import CampaignId
from worker.ledger import Ledger, LedgerReader
from worker.ledger.withdrawing import withdraw_messages

_CODE: Final = "volley.withdrawn"

log = structlog.get_logger(__name__)


async def withdraw(
    ctx: Mapping[str, Any],  # Any: arq's context
    campaign: str,
    chunks: Sequence[tuple[int, Sequence[int]]],
    who: str,
) -> int:
    """Cancel those of the messages (chunk, places) that wait to be sent; how many that were. Safe to repeat."""
    reader: LedgerReader = ctx["reader"]
    ledger: Ledger = ctx["ledger"]
    view = await reader.campaign(CampaignId(campaign))
    if view is None:
        return 0
    sizes = {chunk: await reader.chunk_size(view.campaign.id, chunk) or 0 for chunk, _ in chunks}
    places = {chunk: [place for place in wanted if 0 <= place < sizes[chunk]] for chunk, wanted in chunks}
    ended = await withdraw_messages(
        ledger.redis, view.campaign.id, places, _CODE, account=view.campaign.account, lane=view.campaign.lane
    )
    log.info("messages_withdrawn", campaign=campaign, messages=ended, who=who[:80])
    return ended
