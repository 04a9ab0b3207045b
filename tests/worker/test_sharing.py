"""Whose turn it is to use one of the few history requests of an hour: never too many, and nobody is starved."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sharing import HOUR, PAGES_KEPT, RECALLS_KEPT, SHARED, Hour, page_in, recall_in

NOW = 1_000_000.0
ALLOWED = 28
"""By the window of smsc's call, which is held beside these rules."""


def just(count: int, *, ago: float = 100.0) -> list[float]:
    """So many requests, all made so many seconds ago."""
    return [NOW - ago] * count


@pytest.mark.parametrize(
    ("pages", "recalls", "needs", "page", "recall"),
    [
        (0, 0, 0, True, True),
        (17, 0, 0, True, True),
        (18, 0, 0, False, True),  # eight are always recall's
        (18, 7, 1, False, True),
        (18, 8, 1, False, False),
        (17, 1, 1, True, True),  # one recall took ten pages of the hour away
        (16, 8, 0, False, True),  # two are left free for what nobody knows of yet
        (15, 8, 0, True, True),
        (9, 3, 12, True, True),
        (11, 3, 12, False, True),  # fifteen of the hour, for all that is in doubt
        (5, 20, 40, True, False),  # six are always back-fill's
        (6, 20, 40, False, False),
        (6, 19, 40, False, True),
        (0, 19, 40, True, True),
        (0, 20, 0, True, False),
    ],
)
def test_a_full_request_is_made_at_once_where_its_kind_has_a_place(
    pages: int, recalls: int, needs: int, *, page: bool, recall: bool
) -> None:
    hour = Hour(pages=just(pages), recalls=just(recalls), needs=needs)
    assert (page_in(hour, 1.0, NOW) == 0, recall_in(hour, 1.0, NOW) == 0) == (page, recall)


@pytest.mark.parametrize(
    ("pages", "recalls", "fullness", "seconds"),
    [
        (0, 0, 0.0, 0.0),  # the first is made at once
        (0, 1, 0.0, 0.28),
        (0, 5, 0.0, 35.6),
        (0, 5, 0.5, 17.8),
        (0, 10, 0.0, 284.4),
        (0, 14, 0.0, 780.5),  # fifteen of its twenty in an hour
        (18, 1, 0.0, 11.1),  # pages took most of the hour: eight are left
        (18, 3, 0.0, 300.0),
        (18, 5, 0.0, 1388.9),
        (18, 5, 0.9, 138.9),
    ],
)
def test_the_emptier_a_recall_and_the_scarcer_the_hour_the_longer_it_waits(
    pages: int, recalls: int, fullness: float, seconds: float
) -> None:
    hour = Hour(pages=just(pages, ago=0), recalls=just(recalls, ago=0))
    assert recall_in(hour, fullness, NOW) == pytest.approx(seconds, abs=0.05)


def test_a_kind_without_a_place_waits_until_one_is_free() -> None:
    hour = Hour(pages=just(6, ago=500), recalls=[NOW - 3000, *just(19)])
    assert recall_in(hour, 1.0, NOW) == 600.0
    pages = [*just(5, ago=3400), *just(9, ago=3000)]
    assert page_in(Hour(pages=pages, recalls=just(12)), 1.0, NOW) == 200.0
    assert page_in(Hour(pages=pages, recalls=just(20)), 1.0, NOW) == 600.0


TIMES = st.lists(st.floats(min_value=0.0, max_value=HOUR + 100), max_size=30).map(
    lambda ages: sorted(NOW - age for age in ages)
)
HOURS = st.builds(Hour, pages=TIMES, recalls=TIMES, needs=st.integers(min_value=0, max_value=400))
FULLNESS = st.floats(min_value=0.0, max_value=1.0)


@given(hour=HOURS, fullness=FULLNESS, asks=st.sampled_from([page_in, recall_in]))
def test_when_it_is_told_to_wait_it_may_ask_then_and_not_a_moment_before(
    hour: Hour, fullness: float, asks: Callable[[Hour, float, float], float]
) -> None:
    seconds = asks(hour, fullness, NOW)
    assert 0 <= seconds < HOUR + 1
    assert asks(hour, fullness, NOW + seconds + 0.001) == 0
    if seconds > 0.01:
        assert asks(hour, fullness, NOW + seconds - 0.005) == pytest.approx(0.005, abs=0.002)


@given(hour=HOURS, fullness=FULLNESS, more=FULLNESS, asks=st.sampled_from([page_in, recall_in]))
def test_a_fuller_request_never_waits_longer(
    hour: Hour, fullness: float, more: float, asks: Callable[[Hour, float, float], float]
) -> None:
    low, high = sorted((fullness, more))
    assert asks(hour, high, NOW) <= asks(hour, low, NOW)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["page", "recall"]),
        st.integers(min_value=1, max_value=40),  # how often it asks, one behind the other
        FULLNESS,
        st.integers(min_value=0, max_value=60),  # in doubt, in requests
        st.floats(min_value=0.0, max_value=2000.0),  # seconds until the next
        st.integers(min_value=1, max_value=3),  # requests of one recall: its history may have several pages
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_in_no_hour_are_there_more_than_the_provider_allows_and_neither_kind_is_starved(
    steps: list[tuple[str, int, float, int, float, int]],
) -> None:
    pages: list[float] = []
    recalls: list[float] = []
    now = NOW
    for kind, times, fullness, needs, seconds, parts in steps:
        for _ in range(times):
            hour = Hour(pages=pages, recalls=recalls, needs=needs).at(now)
            if kind == "page" and page_in(hour, fullness, now) == 0:
                pages.append(now)
            elif kind == "recall" and recall_in(hour, fullness, now) == 0:
                recalls += [now] * parts  # a history that was begun is read to its end
            hour = replace(hour, pages=pages, recalls=recalls).at(now)
            assert len(hour.pages) + len(hour.recalls) <= ALLOWED
            assert len(hour.pages) >= PAGES_KEPT or page_in(hour, 1.0, now) == 0
            assert len(hour.recalls) >= RECALLS_KEPT or recall_in(hour, 1.0, now) == 0
        now += seconds


def test_a_trickle_of_doubt_leaves_a_quarter_for_a_storm() -> None:
    """The hour was used up by requests for three numbers each; 518 messages then were in doubt until it was over."""
    recalls: list[float] = []
    now = NOW
    while now < NOW + 4 * HOUR:
        hour = Hour(recalls=recalls, needs=1).at(now)
        assert len(hour.recalls) <= 16
        assert [recall_in(replace(hour, recalls=[*hour.recalls, *[now] * more]), 1.0, now) for more in range(4)] == [
            0
        ] * 4
        if recall_in(hour, 3 / 500, now) == 0:
            recalls.append(now)
        now += 5
    assert sum(at < NOW + 100 for at in recalls) >= 5, "the first doubts are answered soon"
    assert len(Hour(recalls=recalls).at(now).recalls) >= 9


def test_a_large_campaign_has_most_of_the_hour_although_something_was_recalled() -> None:
    """One recall left it six pages of a thousand reports, and single look-ups for the others."""
    hour = Hour(recalls=[NOW - 5])
    while page_in(hour, 1.0, NOW) == 0:
        hour = replace(hour, pages=[*hour.pages, NOW])
    assert len(hour.pages) == SHARED - RECALLS_KEPT == 18
