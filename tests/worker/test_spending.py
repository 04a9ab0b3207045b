"""What submissions cost, as the provider told it: by campaign, exactly, and never of one that is gone."""

from decimal import Decimal

from producer.contract import keys
from producer.contract.messages import CampaignId, Reference
from tests.worker.scene import Scene
from worker.providers.outcomes import Rejected, Submitted
from worker.spending import Spending

SPRING, SUMMER = CampaignId("spring"), CampaignId("summer")


def taken(cost: str | None) -> Submitted:
    return Submitted(reference=Reference("p1"), cost=None if cost is None else Decimal(cost))


async def spent(stage: Scene, campaign: CampaignId) -> dict[str, int]:
    return {name.decode(): int(count) for name, count in (await stage.redis.hgetall(keys.spent(campaign))).items()}


async def test_costs_are_added_up_by_campaign_at_the_flush_and_once(stage: Scene) -> None:
    await stage.submit("spring", 2)
    await stage.submit("summer", 2)
    spending = Spending()
    spending.take(SPRING, [taken("0.1"), taken("0.2"), Rejected(code="plain.7", words="no")])
    spending.take(SUMMER, [taken("1.44")])
    spending.take(SPRING, [taken("0.000001")])
    for _ in range(2):
        await spending.flush(stage.redis)
    assert await spent(stage, SPRING) == {"cost": 300_001, "messages": 3}
    assert await spent(stage, SUMMER) == {"cost": 1_440_000, "messages": 1}


async def test_what_no_provider_told_or_no_price_can_be_is_left_aside(stage: Scene) -> None:
    await stage.submit("spring", 2)
    spending = Spending()
    spending.take(SPRING, [taken(None), taken("-1"), taken("1000000.01")])
    await spending.flush(stage.redis)
    assert await spent(stage, SPRING) == {}
    spending.take(SPRING, [taken("0")])
    await spending.flush(stage.redis)
    assert await spent(stage, SPRING) == {"cost": 0, "messages": 1}, "nothing is a price"


async def test_a_campaign_that_is_gone_leaves_no_key_behind(stage: Scene) -> None:
    spending = Spending()
    spending.take(SPRING, [taken("0.1")])
    await spending.flush(stage.redis)
    assert not await stage.redis.exists(keys.spent(SPRING))
