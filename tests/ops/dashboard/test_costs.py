"""What the page says of costs: told by the provider, or guessed by the balance; before the start and so far."""

from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.views import View, forecast_view
from ops.dashboard.views.costs import campaign_cost
from ops.readings import CampaignReading, Price, Spent, prices_of, told_price
from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.states import State
from tests.ops.dashboard.test_views import ENTRY, OPEN, overview, reading
from tests.ops.dashboard.visiting import look
from tests.worker.plain import NAME
from tests.worker.scene import Scene

STATES = {State.QUEUED: 5, State.SUBMITTED: 1, State.DELIVERED: 2, State.UNDELIVERED: 1, State.REJECTED: 7}
TOLD = Price(message=0.4, segment=0.2, is_told=True)


def known(cost: float = 0.0, messages: int = 0, segments: int = 32) -> CampaignReading:
    """Sixteen messages, four of them accepted, of which the provider told the cost of so many."""
    return replace(reading(STATES), spent=Spent(cost=cost, messages=messages), segments=segments)


def costs(view: View) -> tuple[float | None, ...]:
    return tuple(view[f"cost{name}"] for name in ("", "_in_all", "_per_message", "_per_segment"))


def test_what_the_provider_told_of_every_accepted_message_is_exact() -> None:
    view = campaign_cost(known(1.2, 4), Price(message=9.0))
    assert costs(view) == pytest.approx((1.2, 1.2 + 5 * 0.3, 0.3, 0.15))
    assert (view["cost_is_exact"], view["cost_is_told"]) == (True, True)


def test_what_it_did_not_tell_is_at_the_price_of_the_others() -> None:
    view = campaign_cost(known(0.6, 2), None)
    assert costs(view) == pytest.approx((1.2, 2.7, 0.3, 0.15))
    assert view["cost_is_exact"] is False


def test_where_it_told_nothing_the_account_has_a_price_by_the_segment_or_by_how_its_balance_fell() -> None:
    by_segment = campaign_cost(known(segments=48), TOLD)
    assert costs(by_segment) == pytest.approx((2.4, 5.4, 0.6, 0.2)), "three segments each, at 0.2"
    fallen = campaign_cost(known(), Price(message=0.5))
    assert costs(fallen) == pytest.approx((2.0, 4.5, 0.5, 0.25))
    assert (fallen["cost_is_told"], fallen["cost_is_exact"]) == (False, False)
    assert costs(campaign_cost(known(), None)) == (None, None, None, None)


def test_without_a_count_of_segments_none_has_a_price() -> None:
    assert campaign_cost(known(1.2, 4, segments=0), None)["cost_per_segment"] is None
    assert told_price([known(1.2, 4, segments=0)]) == Price(message=0.3, segment=None, is_told=True)


def test_the_price_of_an_account_is_what_was_told_of_its_newest_campaigns_together() -> None:
    other = replace(known(), progress=replace(known().progress, account="moscow"), spent=Spent(cost=99, messages=1))
    readings = [known(1.2, 4), known(0.6, 4, segments=16), other, known()]
    found = prices_of([OPEN], readings, {ENTRY.name: 7.0})
    assert found == {ENTRY.name: Price(message=pytest.approx(0.225), segment=pytest.approx(0.15), is_told=True)}
    assert prices_of([OPEN], [known()], {ENTRY.name: 7.0}) == {ENTRY.name: Price(message=7.0)}
    assert prices_of([OPEN], [], {}) == {}


def test_a_balance_of_sms_costs_an_sms_a_segment() -> None:
    """restv2 counts SMS, not money: every segment is one."""
    account = replace(OPEN, balance=100.0)
    prices = prices_of([account], [], {})
    view = forecast_view(reading(STATES).campaign, 40, 80, overview(account), prices)
    assert (view["cost_in_all"], view["currency"], view["cost_per_message"]) == (80.0, "SMS", 2.0)
    assert (view["balance_for"], view["balance_ends_in"]) == (None, None)
    uneven = campaign_cost(known(segments=21), prices[ENTRY.name])
    assert (uneven["cost"], uneven["cost_in_all"], uneven["cost_is_exact"]) == (5, 12, False)
    assert campaign_cost(reading({State.QUEUED: 3}), prices[ENTRY.name])["cost_is_exact"] is True, "nothing yet"
    short = forecast_view(reading(STATES).campaign, 60, 120, overview(account), prices)
    assert short["balance_for"] == 50


async def test_the_campaigns_page_and_its_json_tell_what_the_provider_told(page: TestClient, stage: Scene) -> None:
    messages = await stage.fed("spring", 2)
    await stage.book.note(NAME, {"balance": "12.5", "currency": "EUR"})
    assert "not known: nothing was told" in (await look(page, "/campaigns/spring")).plain
    await stage.submitted(messages[0], reference="r1")
    await stage.redis.hset(keys.spent(CampaignId("spring")), mapping={"cost": 45_000, "messages": 1})
    words = (await look(page, "/campaigns/spring")).plain
    assert "Cost so far 0.045 EUR 0.045 a message, 0.045 a segment, as the provider told it" in words
    assert "Cost in all about 0.09 EUR" in words
    told = await (await page.get("/api/campaigns/spring")).json()
    assert (told["cost"], told["cost_in_all"], told["cost_is_exact"], told["currency"]) == (0.045, 0.09, True, "EUR")
    assert "0.045 EUR of about 0.09" in (await look(page, "/campaigns")).plain
