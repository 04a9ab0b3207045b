"""What arrivals say of a rate: how far they were ahead of it at worst, over every window at once."""

from collections.abc import Iterable, Sequence


def earliness(times: Sequence[float], rate: float) -> float:
    """Seconds by which the arrivals ran ahead of `rate` at worst.

    No window of any length w holds more than rate x (w + this) + 1 arrivals, and this is the least such number: 0
    is a perfectly even stream. It is the burst tolerance of GCRA, found in one pass.
    """
    worst = lowest = 0.0
    for place, at in enumerate(times):
        ahead = place / rate - (at - times[0])
        worst = max(worst, ahead - lowest)
        lowest = min(lowest, ahead)
    return worst


def fullest(times: Sequence[float], window: float) -> int:
    """The most arrivals in any one window of so many seconds."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def between(times: Iterable[float], start: float, end: float) -> list[float]:
    """The arrivals from `start` to `end`."""
    return [at for at in times if start <= at < end]


def utilisation(times: Sequence[float], rate: float) -> float:
    """The share of `rate` that was used between the first arrival and the last."""
    return (len(times) - 1) / (times[-1] - times[0]) / rate
