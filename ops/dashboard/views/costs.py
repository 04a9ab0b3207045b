"""What campaigns cost as it is shown: so far, in all, a message, a segment. Pure functions."""

from collections.abc import Mapping
from typing import Final

from ops.dashboard.views.kinds import View
from ops.readings import BY_SMS, AccountReading, CampaignReading, Price, told_price
from producer.contract.messages import AccountName
from producer.contract.states import State

Prices = Mapping[AccountName, Price]
"""What a message of an account costs, about, where that is known."""

_ACCEPTED: Final = (State.SUBMITTED, State.ENROUTE, State.DELIVERED, State.UNDELIVERED)
_AHEAD: Final = (State.QUEUED, State.DEFERRED, State.IN_FLIGHT)


def unit_of(account: AccountReading | None) -> str:
    """What its balance and costs are counted in: the currency, or SMS; empty where that is not known."""
    if account is None:
        return ""
    return account.currency or ("SMS" if account.counts_sms else "")


def campaign_cost(reading: CampaignReading, account_price: Price | None) -> View:
    """What was told is exact; what was accepted besides, and what is to be sent, is at the price of a message."""
    own = told_price([reading])
    price = own or account_price
    segments = _segments_each(reading)
    accepted = sum(reading.progress.states.get(state, 0) for state in _ACCEPTED)
    untold = max(0, accepted - reading.spent.messages)
    if price is None:
        return cost_view(None, None, segments, messages=0) | {"cost": None, "cost_is_exact": False}
    each = own.message if own else price.of_message(segments or 1.0)
    so_far = reading.spent.cost + untold * each
    ahead = sum(reading.progress.states.get(state, 0) for state in _AHEAD)
    return cost_view(price, each, segments, messages=ahead, so_far=so_far) | {
        "cost": _whole(so_far, price),
        "cost_is_exact": untold == 0,
    }


def preview_cost(price: Price | None, messages: int, segments: int) -> View:
    """The same of what would be sent: `messages` of so many `segments` together."""
    each_has = segments / messages if messages and segments else None
    each = None if price is None else price.of_message(each_has or 1.0)
    return cost_view(price, each, each_has, messages=messages)


def cost_view(
    price: Price | None, each: float | None, segments: float | None, *, messages: int, so_far: float = 0.0
) -> View:
    """`cost_in_all`: what it has cost, and `messages` more at the price of `each`, which has so many `segments`."""
    return {
        "cost_in_all": None if each is None else _whole(so_far + messages * each, price),
        "cost_per_message": each,
        "cost_per_segment": each / segments if each is not None and segments else None,
        "cost_is_told": price is not None and price.is_told,
    }


def _whole(amount: float, price: Price | None) -> float:
    """There are no parts of an SMS."""
    return round(amount) if price is BY_SMS else amount


def _segments_each(reading: CampaignReading) -> float | None:
    """Segments of a message on average; None where they are not known."""
    total = reading.progress.total
    return reading.segments / total if reading.segments and total else None
