"""What the provider says submissions cost, by campaign: gathered in memory, written with the heartbeat."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import CampaignId
from producer.contract.scripts import Script, execute
from worker.providers.outcomes import Outcome, Submitted

_SPEND: Final = Script("worker", "spend")
_MILLION: Final = 1_000_000
_MOST: Final = 1_000_000
"""Of any currency for one message: more is no price, and is left aside."""


class Spending:
    """Gathers for one process. `take` costs no round trip, `flush` one however much was taken.

    A process that dies loses what it gathered since its last flush, a second at most: those messages are counted as
    accepted, and not among those whose cost was told.
    """

    def __init__(self) -> None:
        self._spent: dict[CampaignId, tuple[Decimal, int]] = {}

    def take(self, campaign: CampaignId, outcomes: Sequence[Outcome]) -> None:
        """Take in what a request of the campaign gave."""
        costs = [
            outcome.cost
            for outcome in outcomes
            if isinstance(outcome, Submitted) and outcome.cost is not None and 0 <= outcome.cost <= _MOST
        ]
        if costs:
            cost, messages = self._spent.get(campaign, (Decimal(), 0))
            self._spent[campaign] = sum(costs, cost), messages + len(costs)

    async def flush(self, redis: Client) -> None:
        """Write what was gathered. Redis errors are raised as they come, and lose it."""
        spent, self._spent = self._spent, {}
        if spent:
            calls = [
                ([keys.campaign(name), keys.spent(name)], [int(cost * _MILLION), messages])
                for name, (cost, messages) in spent.items()
            ]
            await execute(redis, _SPEND, calls)
