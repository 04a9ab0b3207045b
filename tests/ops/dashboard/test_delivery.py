"""The curve of how long the delivery of a campaign's messages took."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.views.charts import HEIGHT, WIDTH
from ops.dashboard.views.delivery import delivery_view
from producer.contract.counters import CAMPAIGN_DELIVERY
from producer.contract.states import Event
from tests.ops.dashboard.visiting import look
from tests.worker.scene import Scene


def counted(times: dict[float, int]) -> dict[str, int]:
    """Reports by the seconds they took, as they are counted."""
    return {CAMPAIGN_DELIVERY.bucket(seconds): count for seconds, count in times.items()}


def test_shares_add_up_and_never_fall() -> None:
    view = delivery_view(counted({1: 2, 20: 1, 10**6: 1}))
    assert view is not None
    shares = [row["share"] for row in view["rows"]]
    assert view["reports"] == 4
    assert shares[0] == 0.5
    assert shares == sorted(shares)
    assert shares[-1] == 0.75, "one took longer than the last bound"
    assert view["path"].startswith(f"M0.0 {HEIGHT:.1f}L")


def test_without_reports_there_is_no_curve() -> None:
    assert delivery_view({}) is None


@pytest.mark.parametrize(
    ("slowest", "marks"),
    [
        (1, (1.0, 2.0, 5.0, 10.0)),
        (11, (2.0, 10.0, 30.0, 120.0)),
        (301, (5.0, 30.0, 300.0, 3600.0)),
        (10**6, (10.0, 120.0, 3600.0, 86_400.0)),
    ],
)
def test_the_axis_goes_as_far_as_the_slowest_report_and_its_marks_are_even(
    slowest: float, marks: tuple[float, ...]
) -> None:
    view = delivery_view(counted({0.5: 3, slowest: 1}))
    assert view is not None
    assert tuple(view["marks"]) == marks
    places = [float(point.split(" ")[0]) for point in view["path"][1:].split("L")]
    assert (places[0], places[-1]) == (0.0, WIDTH)
    assert len(places) % len(marks) == 1, "every mark stands under a point of the curve"


async def test_the_campaigns_page_and_its_json_show_the_campaigns_own_curve(page: TestClient, stage: Scene) -> None:
    """It was that of the account meanwhile, whichever campaign its reports were for."""
    [message] = await stage.fed("spring", 1)
    [other] = await stage.fed("summer", 1)
    assert "No final report has been counted yet" in (await look(page, "/campaigns/spring")).words
    for each, reference, seconds in ((message, "r1", 3), (other, "r2", 4000)):
        await stage.submitted(each, reference=reference)
        await stage.age(each, seconds)
        await stage.apply(each, Event.REPORT_DELIVERED, reference=reference)
    words = (await look(page, "/campaigns/spring")).plain
    assert "for half" in words
    assert "the campaign's 1 final reports" in words
    assert "5 s 1 100 %" in words
    told = await (await page.get("/api/campaigns/spring")).json()
    assert told["delivery"]["reports"] == 1
    assert told["delivery"]["rows"][2] == {"within": 5.0, "reports": 1, "share": 1.0}
