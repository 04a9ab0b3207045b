"""The curve of how long delivery took."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.views.charts import HEIGHT
from ops.dashboard.views.delivery import delivery_view, span_since
from ops.readings import Point, Series
from ops.web import FRAME
from producer.contract import keys
from producer.contract.counters import DELIVERY
from producer.contract.messages import CampaignId
from producer.contract.series import LIFE, RINGS, Sample, Span
from tests.ops.dashboard.visiting import look
from tests.worker.scene import NAME, Scene

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def series(*counts: dict[float, int]) -> Series:
    """One point every ten seconds up to NOW, with delivery times in seconds."""
    points = [
        Point(
            at=NOW - timedelta(seconds=10 * place),
            seconds=10,
            grown={DELIVERY.bucket(seconds): count for seconds, count in each.items()},
        )
        for place, each in enumerate(reversed(counts))
    ]
    return Series(span=Span.HOUR, points=tuple(reversed(points)))


@pytest.mark.parametrize(
    ("age", "span"),
    [(0, Span.HOUR), (3000, Span.HOUR), (4000, Span.DAY), (90_000, Span.WEEK), (10**8, Span.WEEK)],
)
def test_the_finest_series_that_reaches_back_is_taken(age: int, span: Span) -> None:
    assert span_since(NOW - timedelta(seconds=age), NOW) is span
    assert span_since(None, NOW) is Span.HOUR


def test_shares_add_up_and_never_fall() -> None:
    view = delivery_view(series({1: 2, 20: 1}, {10**6: 1}), None, None)
    assert view is not None
    shares = [row["share"] for row in view["rows"]]
    assert view["reports"] == 4
    assert shares[0] == 0.5
    assert shares == sorted(shares)
    assert shares[-1] == 0.75, "one took longer than the last bound"
    assert view["path"].startswith(f"M0.0 {HEIGHT:.1f}L")


def test_only_reports_of_its_own_time_count() -> None:
    told = series({1: 5}, {1: 7}, {1: 11})
    view = delivery_view(told, NOW - timedelta(seconds=10), None)
    assert view is not None
    assert view["reports"] == 18
    earlier = delivery_view(told, None, NOW - timedelta(seconds=20))
    assert earlier is not None
    assert earlier["reports"] == 12
    assert delivery_view(told, NOW + timedelta(seconds=60), None) is None


async def test_the_campaign_page_draws_it(page: TestClient, stage: Scene) -> None:
    await stage.submit()
    assert "No final report has come yet" in (await look(page, "/campaigns/spring")).words
    now, ring = int(time.time()), RINGS[Span.HOUR]
    await stage.redis.hset(keys.campaign(CampaignId("spring")), "created_at", str(now - 300))
    for at, count in ((now - 20, 0), (now - 10, 8)):
        sample = Sample(at=at, counters={DELIVERY.bucket(3.0): count})
        await stage.redis.setrange(keys.series(NAME, Span.HOUR), ring.offset(at), sample.pack())
    await stage.redis.expire(keys.series(NAME, Span.HOUR), LIFE)
    page.app[FRAME].shared.forget()
    words = (await look(page, "/campaigns/spring")).plain
    assert "for half" in words
    assert "of 8 final reports" in words
    assert "5 s 8 100 %" in words
