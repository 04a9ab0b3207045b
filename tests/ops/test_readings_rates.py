"""Rates: a count read again and again becomes a speed and a time to go."""

from hypothesis import given
from hypothesis import strategies as st

from ops.readings import Rates


def seen(*points: tuple[float, int], window: float = 15.0) -> Rates:
    rates = Rates(window)
    for at, count in points:
        rates.see(at, {"c": count})
    return rates


def test_one_reading_or_two_at_once_are_no_speed_yet() -> None:
    assert seen().per_second("c") is None
    assert seen((1.0, 5)).per_second("c") is None
    assert seen((1.0, 5), (1.2, 50)).per_second("c") is None


def test_the_speed_is_that_of_the_window_not_of_all_time() -> None:
    slow_then_fast = [(float(at), at) for at in range(20)] + [(20.0 + at, 20 + at * 100) for at in range(16)]
    assert seen((0.0, 0), (10.0, 50)).per_second("c") == 5.0
    assert seen(*slow_then_fast).per_second("c") == 100.0


def test_what_is_left_takes_as_long_as_the_present_speed_says() -> None:
    rates = seen((0.0, 0), (10.0, 50))
    assert rates.seconds_for("c", 100) == 20.0
    assert rates.seconds_for("c", 0) == 0.0


def test_nothing_moving_has_no_time_to_go() -> None:
    assert seen((0.0, 7), (10.0, 7)).seconds_for("c", 100) is None
    assert Rates().seconds_for("unknown", 100) is None


def test_a_count_that_falls_began_anew() -> None:
    assert seen((0.0, 1000), (10.0, 2000), (11.0, 5)).per_second("c") is None
    assert seen((0.0, 1000), (10.0, 2000), (11.0, 5), (13.0, 25)).per_second("c") == 10.0


def test_a_name_that_is_not_seen_any_more_is_forgotten() -> None:
    rates = seen((0.0, 1), (1.0, 2))
    rates.see(20.0, {"other": 1})
    assert rates.per_second("c") is None
    assert list(rates._seen) == ["other"]


@given(st.lists(st.tuples(st.floats(0.1, 10), st.integers(0, 10_000)), max_size=60))
def test_a_speed_is_never_negative_and_memory_is_bounded_by_the_window(steps: list[tuple[float, int]]) -> None:
    rates, at, count = Rates(5.0), 0.0, 0
    for wait, more in steps:
        at, count = at + wait, count + more
        rates.see(at, {"c": count})
        speed = rates.per_second("c")
        assert speed is None or speed >= 0
        assert len(rates._seen["c"]) <= 5.0 / 0.1 + 2
