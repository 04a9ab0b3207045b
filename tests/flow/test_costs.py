"""What a campaign cost, by the answers of the provider, against the provider's own record."""

from decimal import Decimal

import pytest

from producer.contract import keys
from producer.contract.messages import CampaignId
from tests.support_system import System, account, numbers

TWO_SEGMENTS = "x" * 161
TARIFF = Decimal("1.44")  # of a segment, in the sandbox


@pytest.mark.parametrize("batch", [1, 10])
async def test_a_campaign_has_cost_what_the_provider_took_for_it(system: System, batch: int) -> None:
    system.accounts = {"moscow": account("smsc", "east", rate=200, in_flight=4, batch=batch)}
    async with system.worker("send"):
        to = numbers(30, prefix="7913")
        await system.producer.submit(account_name="moscow", campaign_id="spring", text=TWO_SEGMENTS, recipients=to)
        await system.sent("spring")
    messages = await system.provider.messages(TWO_SEGMENTS)
    cost = sum(message["segments"] for message in messages) * TARIFF
    told = await system.redis.hgetall(keys.spent(CampaignId("spring")))
    assert told == {b"cost": b"%d" % (cost * 1_000_000), b"messages": b"30"}
    assert cost == Decimal("86.4")
