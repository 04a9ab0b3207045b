"""Cancelling single messages of a campaign that wait to be sent, while the rest of it goes on."""

from collections.abc import Mapping, Sequence
from typing import Final

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.messages import AccountName, CampaignId
from producer.contract.scripts import Argument, Script, execute
from worker.ledger import calls, scripts

_WITHDRAW: Final = Script("worker.ledger", "withdraw", head=scripts.head())


async def withdraw_messages(
    redis: Client,
    campaign: CampaignId,
    places: Mapping[int, Sequence[int]],
    code: str,
    *,
    account: AccountName,
    lane: Lane,
    order: str = "",
) -> int:
    """Cancel messages by chunk and place, whether they were fed or not; how many that were. Safe to repeat.

    `order` is the order that they are counted on, and without which (open) nothing is cancelled.

    What is claimed, sent or final stays as it is. The places must exist: they come from the campaign's chunks.
    """
    names = calls.campaign_keys(campaign, account, lane)
    counting = [keys.order(order)] if order else []
    asked = [
        ([*names, keys.records(campaign, chunk), *counting], _arguments(campaign, chunk, code, wanted))
        for chunk, wanted in places.items()
        if wanted
    ]
    return sum(await execute(redis, _WITHDRAW, asked))


def _arguments(campaign: CampaignId, chunk: int, code: str, wanted: Sequence[int]) -> list[Argument]:
    return [campaign, chunk, code, *wanted]
