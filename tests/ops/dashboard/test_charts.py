"""Charts say the same as lines, as words and as rows, and miss what was not sampled."""

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from ops.dashboard.views.charts import HEIGHT, PLANS, THROUGHPUT, WIDTH, chart_view, charts_view, path
from ops.readings import Point, Series
from producer.contract import keys
from producer.contract.series import COUNTERS, GAUGES, LIFE, RINGS, Sample, Span
from tests.ops.dashboard.visiting import look
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.sampling import Sampler

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EMPTY = Point(at=NOW)


def points(*speeds: float | None) -> Series:
    """Messages accepted a second, ten seconds apart; None: no sample."""
    made = []
    for number, speed in enumerate(speeds):
        point = replace(EMPTY, at=NOW + timedelta(seconds=10 * number))
        if speed is not None:
            grown = dict.fromkeys(COUNTERS, 0) | {"submitted": round(speed * 10)}
            point = replace(point, seconds=10.0, grown=grown)
        made.append(point)
    return Series(span=Span.HOUR, points=tuple(made))


def test_a_line_goes_through_its_values_and_is_broken_where_one_is_missing() -> None:
    assert path([0, 10, None, 5, 5], 10) == "M0.0 120.0L150.0 0.0M450.0 60.0L600.0 60.0"
    assert path([None, 5, None], 10) == "M300.0 60.0h0.1", "one value alone is a dot"
    assert path([None, None], 10) == ""


@given(st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=400))
def test_a_line_never_leaves_its_field(values: list[float | None]) -> None:
    top = max([value for value in values if value is not None], default=0.0)
    drawn = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path(values, top))]
    assert len(drawn) == sum(value is not None for value in values)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)


@pytest.mark.parametrize(
    ("most", "top"), [(0.0, 1), (0.7, 1), (1, 1), (1.2, 2), (3, 5), (7, 10), (90, 100), (430, 500)]
)
def test_the_field_ends_at_a_round_number(most: float, top: float) -> None:
    assert chart_view(THROUGHPUT, points(most, 0))["top"] == pytest.approx(top)


def test_words_and_rows_have_the_last_and_the_largest_value() -> None:
    view = chart_view(THROUGHPUT, points(1, 8, None, 4, None))
    accepted = view["lines"][0]
    assert (accepted["last"], accepted["most"]) == (4, 8)
    assert [row["values"][0] for row in view["rows"]] == [None, 4, None, 8, 1], "newest first"
    assert view["rows"][0]["at"] == NOW + timedelta(seconds=40)


def test_a_long_series_is_drawn_with_fewer_points_of_the_same_mean() -> None:
    view = chart_view(THROUGHPUT, points(*([2.0, 4.0] * 360)))
    assert view["lines"][0]["path"].count("L") < 200
    assert view["lines"][0]["last"] == 3.0


def test_the_time_before_the_first_sample_is_left_out() -> None:
    view = chart_view(THROUGHPUT, points(*([None] * 300), *([5.0] * 60)))
    assert view["from"] == NOW + timedelta(seconds=3000)
    short = chart_view(THROUGHPUT, points(*([None] * 300), 5.0))
    assert short["until"] - short["from"] == timedelta(seconds=290), "a few steps there are in any case"


def test_what_was_never_sampled_is_not_drawn() -> None:
    assert charts_view(points(None, None)) == []
    assert {view["name"] for view in charts_view(points(1, 2))} == {"throughput", "rate"}


def test_every_gauge_of_a_sample_is_on_some_chart() -> None:
    full = replace(EMPTY, gauges=dict.fromkeys(GAUGES, 1.0))
    drawn = {
        name
        for name in GAUGES
        for plan in PLANS
        for line in plan.lines
        if line.value(full) != line.value(replace(full, gauges={other: 1.0 for other in GAUGES if other != name}))
    }
    assert drawn == set(GAUGES) - {"in_flight"}


# --- the page ------------------------------------------------------------------------------------------


async def sampled(stage: Scene, span: Span = Span.HOUR) -> None:
    """Two samples, twenty and ten seconds ago, hundred messages apart, and one of now."""
    now = int(time.time())
    ring = RINGS[span]
    for ago, count in ((2 * ring.step, 100), (ring.step, 200)):
        sample = Sample(at=now - ago, counters={"submitted": count}, gauges={"rate": 5.0, "ceiling": 10.0})
        await stage.redis.setrange(keys.series(NAME, span), ring.offset(sample.at), sample.pack())
        await stage.redis.expire(keys.series(NAME, span), LIFE)


@pytest.mark.parametrize("span", Span)
async def test_the_charts_of_every_span_are_drawn_and_told(page: TestClient, stage: Scene, span: Span) -> None:
    await sampled(stage, span)
    for query in (f"span={span}", f"span={span}&account={NAME}"):
        seen = await look(page, f"/charts?{query}")
        assert "Throughput" in seen.words
        assert seen.tags["svg"] >= 2
        [chart] = [
            c for c in (await (await page.get(f"/api/charts?{query}")).json())["charts"] if c["name"] == "rate"
        ]
        assert [line["most"] for line in chart["lines"]][1:] == [5.0, 10.0]
    assert await stage.redis.ttl(keys.series(NAME, span)) > 0


async def test_the_first_page_has_the_throughput_of_the_last_hour(page: TestClient, stage: Scene) -> None:
    await sampled(stage)
    assert "accepted by the provider: 10" in (await look(page)).plain


async def test_without_a_sample_the_page_says_who_takes_them(page: TestClient, stage: Scene) -> None:
    assert "A track worker takes a sample" in (await look(page, "/charts")).plain


@pytest.mark.parametrize(
    ("query", "status"),
    [("span=year", 400), ("span=<script>", 400), ("account=never", 404), ("account=%3Cscript%3E", 404)],
)
async def test_what_cannot_be_drawn_is_said(page: TestClient, stage: Scene, query: str, status: int) -> None:
    await look(page, f"/charts?{query}", status=status)


async def test_a_taken_sample_is_drawn(page: TestClient, stage: Scene) -> None:
    await stage.fed(count=5)
    await Sampler(stage.redis).step()
    assert "to be sent: 5" in (await look(page, "/charts")).plain
