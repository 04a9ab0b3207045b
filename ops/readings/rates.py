"""Rates: successive readings of a count become a speed and a time to go. Pure; the time is passed in."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from ops.readings.accounts import AccountReading
from ops.readings.campaigns import CampaignReading

_LEAST: Final = 0.9
"""Seconds between two readings below which a speed would be noise."""


class Rates:
    """Speeds over the last `window` seconds. Bounded: a name that is not seen any more is forgotten."""

    def __init__(self, window: float = 15.0) -> None:
        self._window = window
        self._seen: dict[str, deque[tuple[float, int]]] = {}

    def see(self, at: float, counts: Mapping[str, int]) -> None:
        """Take in counts read at `at` (any clock that only goes forward, in seconds)."""
        for name, count in counts.items():
            points = self._seen.setdefault(name, deque())
            if points and (count < points[-1][1] or at < points[-1][0]):
                points.clear()  # the count began anew
            points.append((at, count))
            while len(points) > 2 and points[1][0] <= at - self._window:
                points.popleft()
        for name in [name for name, points in self._seen.items() if points[-1][0] < at - self._window]:
            del self._seen[name]

    def per_second(self, name: str) -> float | None:
        """How fast `name` grows; None until two readings are far enough apart."""
        points = self._seen.get(name)
        if not points or points[-1][0] - points[0][0] < _LEAST:
            return None
        return (points[-1][1] - points[0][1]) / (points[-1][0] - points[0][0])

    def seconds_for(self, name: str, left: int) -> float | None:
        """How long `left` more take at the present speed; 0 for none, None while nothing moves."""
        if left <= 0:
            return 0.0
        speed = self.per_second(name)
        return left / speed if speed else None


def campaign_sent(reading: CampaignReading) -> tuple[str, int]:
    """The name and count of a campaign's recipients that nothing is to be sent to any more."""
    return f"campaign:{reading.id}", reading.progress.total - reading.to_send


def messages_submitted(reading: AccountReading) -> tuple[str, int]:
    """The name and count of an account's accepted messages since ever."""
    return f"account:{reading.name}", reading.totals.get("submitted", 0)


def counts_of(accounts: Iterable[AccountReading], campaigns: Iterable[CampaignReading]) -> dict[str, int]:
    """What `Rates.see` is given of one overview."""
    return dict([*map(messages_submitted, accounts), *map(campaign_sent, campaigns)])
