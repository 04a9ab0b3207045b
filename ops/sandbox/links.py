"""Short links and their clicks, counted the way the provider tells them (S1 tinyurls)."""

from collections import Counter
from dataclasses import dataclass, field
from time import gmtime

MOSCOW = 3 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicks:
    """How many there were: ever, this month, today, yesterday, last month."""

    all: int
    month: int
    day: int
    yesterday: int
    last_month: int


@dataclass(slots=True, kw_only=True)
class Link:
    """One short link; `by_day` counts clicks per Moscow day since 1970."""

    id: str
    target: str
    created: float
    by_day: Counter[int] = field(default_factory=Counter)

    @property
    def short(self) -> str:
        """The link as it stands in the message (the host is invented)."""
        return f"https://smsc.example/{self.id}"

    def click(self, now: float, times: int = 1) -> None:
        """Count clicks of today."""
        self.by_day[_day(now)] += times

    def clicks(self, now: float) -> Clicks:
        """Sum the clicks as of now."""
        today, months = _day(now), Counter[int]()
        for day, count in self.by_day.items():
            months[_month(day)] += count
        month = _month(today)
        return Clicks(
            all=self.by_day.total(),
            month=months[month],
            day=self.by_day[today],
            yesterday=self.by_day[today - 1],
            last_month=months[month - 1],
        )


def _day(unix: float) -> int:
    return int(unix + MOSCOW) // 86400


def _month(day: int) -> int:
    date = gmtime(day * 86400)
    return date.tm_year * 12 + date.tm_mon
