"""What times of arrival tell: rates, and how many came within any one second (pure). Times are seconds, sorted."""

from array import array
from collections.abc import Sequence
from itertools import pairwise


def unpacked(data: bytes) -> Sequence[float]:
    """The times that the gateway's `/arrivals` tells."""
    times = array("d")
    times.frombytes(data)
    return times


def per_second(times: Sequence[float]) -> float:
    """Arrivals a second between the first and the last; 0 for fewer than two."""
    span = times[-1] - times[0] if len(times) > 1 else 0.0
    return (len(times) - 1) / span if span > 0 else 0.0


def steady(times: Sequence[float]) -> float:
    """Arrivals a second in the middle eight tenths: without the beginning and the end."""
    tenth = len(times) // 10
    return per_second(times[tenth : len(times) - tenth])


def most_within(times: Sequence[float], seconds: float = 1.0) -> int:
    """The most arrivals in any window of so many seconds (half-open: two that are a window apart do not meet)."""
    first = most = 0
    for place, moment in enumerate(times):
        while moment - times[first] >= seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


def violations(times: Sequence[float], rate: int, seconds: float = 1.0) -> int:
    """How many arrivals found `rate` others within the window that they end."""
    return sum(later - earlier < seconds for earlier, later in zip(times, times[rate:], strict=False))


def longest_gap(times: Sequence[float]) -> float:
    """The longest time in which nothing came."""
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


def within(times: Sequence[float], first: float, last: float) -> int:
    """How many came from `first` on and before `last`."""
    return sum(first <= moment < last for moment in times)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of them lie, by nearest rank; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
