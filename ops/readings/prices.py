"""What a message costs, about: how the balance of its account fell beside what the provider accepted meanwhile."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from ops.readings.series import Series, read_series
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.series import Span

_LEAST: Final = 20
"""Messages that must have been accepted: fewer say little."""


async def read_prices(redis: Client, accounts: Iterable[AccountName]) -> dict[AccountName, float]:
    """Of the last day, of accounts where it is known; two round trips and 320 kB an account: keep the answer."""
    series = await read_series(redis, accounts, Span.DAY)
    found = {name: price_of(each) for name, each in series.items()}
    return {name: price for name, price in found.items() if price is not None}


def price_of(series: Series) -> float | None:
    """The price of a message; None where too little was sent, or the balance did not fall. Top-ups are left aside."""
    balances = [point.gauges["balance"] for point in series.points if "balance" in point.gauges]
    fallen = sum(max(0.0, before - after) for before, after in pairwise(balances))
    accepted = sum(point.grown.get("submitted", 0) for point in series.points)
    return fallen / accepted if accepted >= _LEAST and fallen else None
