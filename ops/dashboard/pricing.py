"""What a campaign that was not started yet would cost, as its provider says when it is asked; nothing is sent."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ops.asking import Told, ask_provider, failure
from ops.errors import OpsError
from ops.readings import Price
from producer.contract.client import Client
from producer.drafting import Draft
from producer.rendering import Template

_CALLS: Final[Mapping[str, str]] = {"smsc": "cost"}
"""Family -> the call that tells what a send would cost (`volley provider ACCOUNT`): `cost`, of `cnt` SMS."""


class PriceError(OpsError):
    """The provider tells no price."""


def tells_prices(family: str) -> bool:
    """Whether accounts of the family can be asked."""
    return family in _CALLS


async def ask_price(redis: Client, family: str, draft: Draft) -> Price:
    """The price of the draft's samples together; each is asked about by a track worker. PriceError in words."""
    template, account = Template.parse(draft.campaign.text), draft.campaign.account
    asked = [
        {**draft.campaign.options, "phones": each.msisdn, "mes": template.render(each.values)}
        for each in draft.samples
    ]
    if not asked or not tells_prices(family):
        raise PriceError("its family has no call for it" if asked else "there is nobody to send to")
    told = await asyncio.gather(*(ask_provider(redis, account, _CALLS[family], each, {}) for each in asked))
    return _price(told)


def _price(told: Sequence[Told]) -> Price:
    if wrong := next(filter(None, map(failure, told)), ""):
        raise PriceError(wrong)
    records: list[Mapping[str, Any]] = [record for each in told for record in each.get("records", ())]  # Any: JSON
    try:
        costs = [float(record["cost"]) for record in records]
        segments = sum(int(record["cnt"]) for record in records)
    except (KeyError, TypeError, ValueError) as error:
        raise PriceError("its answer names no price") from error
    if len(costs) < len(told) or segments < len(told):
        raise PriceError("its answer names no price")
    return Price(message=sum(costs) / len(costs), segment=sum(costs) / segments, is_told=True)
