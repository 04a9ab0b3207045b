"""Charts are plain SVG: well-formed, without script or style, broken where nothing is known, and told in words."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import ops.dashboard
from ops.dashboard import charts
from ops.dashboard.drawing import Chart, Line, amount, draw, in_words
from ops.readings.series import Point, Series
from producer.contract.counters import SUBMISSION
from producer.contract.series import RINGS, Span

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>&\x00'
CSS = (Path(ops.dashboard.__file__).parent / "static" / "charts.css").read_text(encoding="utf-8")

ALL = [charts.throughput, charts.rate, charts.latency, charts.delivery, charts.open_messages]


def chart(*values: float | None, stacked: bool = False, unit: str = "/s", title: str = "A title") -> Chart:
    times = [NOON + timedelta(minutes=place) for place in range(len(values))]
    return Chart(
        key="one", title=title, unit=unit, times=times, lines=[Line("sent", values, "sent")], stacked=stacked
    )


def tree(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)


def series(span: Span = Span.HOUR, *, is_empty: bool = False) -> Series:
    ring = RINGS[span]
    points = []
    for place in range(ring.length):
        at = NOON + timedelta(seconds=ring.step * place)
        grown = dict.fromkeys(["submitted", "rejected", "uncertain", "requests", "report_delivered"], place)
        grown |= dict.fromkeys(["report_undelivered", "report_expired"], 1) | {SUBMISSION.bucket(0.2): 5}
        gauges = {"rate": 5.0, "ceiling": 10.0, "queued": 100.0, "submitted": 7.0, "in_flight": 1.0}
        points.append(Point(at=at) if is_empty else Point(at=at, seconds=10.0, grown=grown, gauges=gauges))
    return Series(span=span, points=tuple(points))


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("span", Span)
@pytest.mark.parametrize("is_empty", [False, True])
def test_every_chart_is_well_formed_and_asks_nothing_of_the_policy(make: object, span: Span, is_empty: bool) -> None:  # noqa: FBT001
    assert callable(make)
    drawn = str(make(series(span, is_empty=is_empty)))
    elements = list(tree(drawn).iter())
    assert {element.tag for element in elements} <= {
        *("figure", "figcaption", "svg", "title", "desc", "line", "text", "polyline", "polygon", "circle"),
        *("ul", "li", "b"),
    }
    attributes = {name for element in elements for name in element.attrib}
    assert not [name for name in attributes if name == "style" or name.startswith("on") or "href" in name]
    assert len(drawn) < 60_000


@pytest.mark.parametrize("make", ALL)
def test_the_title_and_the_words_are_what_a_screen_reader_is_pointed_to(make: object) -> None:
    assert callable(make)
    svg = tree(str(make(series(), key="k7"))).find("svg")
    assert svg is not None
    assert svg.attrib["role"] == "img"
    names = svg.attrib["aria-labelledby"].split()
    assert (
        [element.attrib["id"] for element in svg if element.tag in {"title", "desc"}]
        == names
        == ["k7-title", "k7-desc"]
    )
    assert all((element.text or "").strip() for element in svg if element.tag in {"title", "desc"})


def test_the_words_tell_the_last_and_the_highest() -> None:
    assert in_words(chart(1.0, 12.5, 3.0)) == "From 12:00 to 12:02 UTC. sent: last 3/s, highest 12.5/s at 12:01."
    assert in_words(chart(None, None)) == "Nothing is known yet."


def test_over_more_than_a_day_the_words_have_the_date() -> None:
    long = Chart(
        key="k", title="t", unit="", times=[NOON, NOON + timedelta(days=2)], lines=[Line("a", [1.0, 2.0], "sent")]
    )
    assert in_words(long).startswith("From 21 Nov 12:00 to 23 Nov 12:00 UTC.")


def test_a_line_is_broken_where_nothing_is_known_and_a_lonely_point_is_a_dot() -> None:
    drawn = tree(draw(chart(1.0, 2.0, None, 3.0, None, 4.0, 5.0)))
    assert len(list(drawn.iter("polyline"))) == 2
    assert len(list(drawn.iter("circle"))) == 1


def test_a_higher_value_is_drawn_higher_and_all_of_them_inside() -> None:
    [line] = tree(draw(chart(0.0, 5.0, 10.0))).iter("polyline")
    points = [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)
    assert all(0 <= x <= 640 and 0 <= y <= 200 for x, y in points)


def test_stacked_areas_stand_on_each_other() -> None:
    times = [NOON, NOON + timedelta(minutes=1)]
    lines = [Line("a", [2.0, 2.0], "sent"), Line("b", [3.0, None], "flight"), Line("c", [5.0, 5.0], "waiting")]
    drawn = tree(draw(Chart(key="k", title="t", unit="", times=times, lines=lines, stacked=True)))
    areas = [element.attrib["points"].split() for element in drawn.iter("polygon")]
    assert areas[0][0] == areas[1][-1], "b begins where a ends"
    assert areas[1][0] == areas[2][-1], "c begins where b ends"
    assert areas[2][2] == areas[0][1], "and on a where b is not known"


def test_lines_need_a_value_for_each_time() -> None:
    with pytest.raises(ValueError, match="'sent' has 1 values for 2 times"):
        draw(Chart(key="k", title="t", unit="", times=[NOON, NOON], lines=[Line("sent", [1.0], "sent")]))


def test_text_from_outside_is_data() -> None:
    hostile = Chart(key=HOSTILE, title=HOSTILE, unit=HOSTILE, times=[NOON], lines=[Line(HOSTILE, [1.0], HOSTILE)])
    assert "<script" not in draw(hostile)
    assert 'class="dot ">' not in draw(hostile)


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (0.1234, "0.123"), (999, "999"), (1500, "1.5k"), (2_500_000, "2.5M"), (3e9, "3G")]
)
def test_amounts_are_short(value: float, words: str) -> None:
    assert amount(value, "") == words


def test_every_colour_that_the_charts_use_is_in_the_style_sheet_and_every_variable_in_the_page_s() -> None:
    drawn = "".join(str(make(series())) for make in ALL if callable(make))
    for shape, kind in re.findall(r'class="(line|area|dot) (\w+)"', drawn):
        assert f".{shape}.{kind}" in CSS, (shape, kind)
    page = (Path(ops.dashboard.__file__).parent / "static" / "volley.css").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"var\((--[\w-]+)\)", CSS) if f"{name}:" not in page} == set()
    assert "url(" not in CSS
    assert "@import" not in CSS
