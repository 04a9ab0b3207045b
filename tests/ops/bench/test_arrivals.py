"""What times of arrival tell, on times that anybody can count by hand."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from ops.bench import arrivals

_EVEN = [number / 8 for number in range(25)]  # eight a second for three seconds, exactly


def test_a_rate_is_between_the_first_and_the_last() -> None:
    assert arrivals.per_second(_EVEN) == 8
    assert arrivals.per_second([1.0]) == 0


def test_a_slow_beginning_is_not_in_the_steady_rate() -> None:
    late = [-50.0, *_EVEN]
    assert arrivals.per_second(late) < 1
    assert arrivals.steady(late) == 8


def test_as_many_as_the_rate_in_any_second_is_no_violation() -> None:
    assert arrivals.most_within(_EVEN) == 8
    assert arrivals.violations(_EVEN, 8) == 0


def test_one_more_within_a_second_is_one() -> None:
    crowded = sorted([*_EVEN, 1.05])
    assert arrivals.most_within(crowded) == 9
    assert arrivals.violations(crowded, 8) > 0


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(1, 20))
def test_there_are_violations_exactly_when_a_window_holds_too_many(moments: list[int], rate: int) -> None:
    times = sorted(map(float, moments))
    is_over = arrivals.most_within(times, 1000) > rate
    assert (arrivals.violations(times, rate, 1000) > 0) == is_over


def test_percentiles_and_gaps() -> None:
    assert arrivals.percentile([3, 1, 2], 0.5) == 2
    assert arrivals.percentile([3, 1, 2], 0.99) == 3
    assert arrivals.longest_gap([0.0, 1.0, 4.0, 5.0]) == 3
    assert arrivals.within([0.0, 1.0, 2.0], 1.0, 2.0) == 1


def test_the_gateways_times_are_read_as_they_were_written() -> None:
    assert list(arrivals.unpacked(array("d", [1.5, 2.5]).tobytes())) == [1.5, 2.5]
