"""The provider's dates: Moscow time (A4 [G-py]), which has had no summer time since 2014."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

MOSCOW: Final = timezone(timedelta(hours=3))
_DATE: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4}) ([0-9]{2}): ?([0-9]{2}): ?([0-9]{2})")


def of_text(value: object) -> datetime | None:
    """`DD.MM.YYYY hh:mm:ss` of Moscow as an aware time in UTC, as all of ours are; None for anything else."""
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) and len(value) < 40 else None
    if found is None:
        return None
    date, month, year, hour, minute, second = map(int, found.groups())  # strptime takes ten times as long
    try:
        return datetime(year, month, date, hour, minute, second, tzinfo=MOSCOW).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day(moment: datetime) -> str:
    """The day of an aware time, DD.MM.YYYY."""
    return moment.astimezone(MOSCOW).strftime("%d.%m.%Y")
