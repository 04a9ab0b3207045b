"""What messages and segments cost: as the provider told it of campaigns, else as the balance of the account fell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ops.readings.accounts import AccountReading
from ops.readings.campaigns import CampaignReading
from ops.readings.series import Series, read_series
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.series import Span

_LEAST: Final = 20
"""Messages that must have been accepted: fewer say little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a message costs, about, and a segment where that is known; in the account's currency, or in SMS.

    `is_told`: the provider said it, with its answers or by counting SMS; else it is how the balance fell.
    """

    message: float
    segment: float | None = None
    is_told: bool = False

    def of_message(self, segments: float) -> float:
        """The price of a message of so many segments."""
        return self.message if self.segment is None else self.segment * segments


BY_SMS: Final = Price(message=1.0, segment=1.0, is_told=True)
"""Where the balance is a number of SMS."""


def told_price(readings: Iterable[CampaignReading]) -> Price | None:
    """What the provider told of these campaigns' messages; None where it told nothing."""
    told = [reading for reading in readings if reading.spent.messages]
    if not told:
        return None
    counted = [reading for reading in told if reading.segments and reading.progress.total]
    segments = sum(each.spent.messages * each.segments / each.progress.total for each in counted)
    return Price(
        message=sum(each.spent.cost for each in told) / sum(each.spent.messages for each in told),
        segment=sum(each.spent.cost for each in counted) / segments if segments else None,
        is_told=True,
    )


def prices_of(
    accounts: Iterable[AccountReading], campaigns: Iterable[CampaignReading], fallen: Mapping[AccountName, float]
) -> dict[AccountName, Price]:
    """The price of each account where it is known: told of its newest campaigns, else as its balance has `fallen`."""
    readings = list(campaigns)
    found: dict[AccountName, Price] = {}
    for account in accounts:
        name = account.entry.name
        price = told_price(reading for reading in readings if reading.progress.account == name)
        if price is None and account.counts_sms:
            price = BY_SMS
        if price is None and name in fallen:
            price = Price(message=fallen[name])
        if price is not None:
            found[name] = price
    return found


async def read_prices(redis: Client, accounts: Iterable[AccountName]) -> dict[AccountName, float]:
    """What messages cost by how balances fell during the last day, where that is known.

    Two round trips and 320 kB an account: keep the answer.
    """
    series = await read_series(redis, accounts, Span.DAY)
    found = {name: price_of(each) for name, each in series.items()}
    return {name: price for name, price in found.items() if price is not None}


def price_of(series: Series) -> float | None:
    """The price of a message; None where too little was sent, or the balance did not fall. Top-ups are left aside."""
    balances = [point.gauges["balance"] for point in series.points if "balance" in point.gauges]
    fallen = sum(max(0.0, before - after) for before, after in pairwise(balances))
    accepted = sum(point.grown.get("submitted", 0) for point in series.points)
    return fallen / accepted if accepted >= _LEAST and fallen else None
