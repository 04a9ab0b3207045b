"""The smsc family's dates: Moscow time, and the five ways to say when a message shall leave."""

import re
from calendar import timegm
from time import gmtime, strftime, strptime
from typing import Final

MOSCOW: Final = 3 * 3600  # A4: dates are Moscow time, UTC+3 without summer time
_ABSOLUTE: Final = ("%d%m%y%H%M", "%d.%m.%y %H:%M")  # A3 `time`
_SHAPES: Final = (
    re.compile(r"[0-9]{10}"),
    re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2} [0-9]{2}:[0-9]{2}"),
)
_DAY: Final = re.compile(r"[0-9]{2}\.[0-9]{2}\.[0-9]{4}")
_WINDOW: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
_ZONE: Final = re.compile(r"[+-]?[0-9]{1,2}(\.[0-9]{1,2})?")  # hours relative to Moscow


def date_time(unix: int) -> str:
    """Write a moment as DD.MM.YYYY hh:mm:ss."""
    return strftime("%d.%m.%Y %H:%M:%S", gmtime(unix + MOSCOW))


def start_of_day(text: str) -> int | None:
    """Read `dd.mm.yyyy` as the unix time at which that day began in Moscow; None if it is no date."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return timegm(strptime(text, "%d.%m.%Y")) - MOSCOW
    except ValueError:
        return None


def delay_of(time: str, tz: str, now: float) -> float | None:
    """Read the send parameter `time` as seconds from now (past: 0); None if its format is wrong (error 5)."""
    if time in {"", "0"}:
        return 0.0
    if time.startswith("+"):
        return _minutes(time[1:])
    if time.startswith("0") and time[1:].isdecimal() and len(time) > 10:
        return max(0.0, int(time[1:16]) - now)
    if window := _WINDOW.fullmatch(time):
        return _until_hour(int(window[1]), int(window[2]), now)
    return _absolute(time, tz, now)


def _minutes(text: str) -> float | None:
    return int(text) * 60.0 if text.isdecimal() and len(text) < 8 else None


def _until_hour(first: int, last: int, now: float) -> float | None:
    if first > 24 or last > 24:
        return None
    since_midnight = (now + MOSCOW) % 86400
    if since_midnight < first * 3600:
        return first * 3600 - since_midnight
    return 0.0 if since_midnight < last * 3600 else first * 3600 + 86400 - since_midnight


def _absolute(time: str, tz: str, now: float) -> float | None:
    if tz and not _ZONE.fullmatch(tz):
        return None
    for shape, pattern in zip(_SHAPES, _ABSOLUTE, strict=True):
        if shape.fullmatch(time):
            return _parsed(time, pattern, tz, now)
    return None


def _parsed(time: str, pattern: str, tz: str, now: float) -> float | None:
    try:
        local = timegm(strptime(time, pattern)) - MOSCOW
        return max(0.0, local - float(tz or "0") * 3600 - now)
    except ValueError:
        return None
