"""Numbers, times and durations as people read them. Pure; the present time is passed in."""

import math
from datetime import UTC, datetime
from typing import Final

NOTHING: Final = "\N{EN DASH}"
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def number(value: float | None) -> str:
    """1234567 as `1,234,567`; up to two digits behind the point, where there are any."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0").rstrip(".")


def rate(value: float | None) -> str:
    """A rate with as many digits as matter: `0.25`, `3.4`, `17`, `1,250`."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def money(value: float | None) -> str:
    """An amount as `1,234.50`, or a price with three digits that matter: `0.0123`; whole ones without a point."""
    if value is None:
        return NOTHING
    if abs(value) >= 1 or not value:
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return f"{value:.{2 - math.floor(math.log10(abs(value)))}f}".rstrip("0")


def duration(seconds: float | None) -> str:
    """The two largest units: `4 s`, `3 min`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min" + (
            f" {whole % _MINUTE} s" if whole < 10 * _MINUTE and whole % _MINUTE else ""
        )
    if whole < _DAY:
        minutes = whole % _HOUR // _MINUTE
        return f"{whole // _HOUR} h" + (f" {minutes} min" if minutes else "")
    hours = whole % _DAY // _HOUR
    return f"{whole // _DAY} d" + (f" {hours} h" if hours else "")


def latency(seconds: float | None) -> str:
    """A short duration: `85 ms`, `1.2 s`; from ten seconds on as `duration` says it."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def since(moment: datetime | None, now: datetime) -> str:
    """How long ago, or how soon: `4 s ago`, `in 3 min`."""
    if moment is None:
        return NOTHING
    seconds = (now - moment).total_seconds()
    return f"{duration(seconds)} ago" if seconds >= 0 else f"in {duration(-seconds)}"


def unix(seconds: float) -> datetime | None:
    """Unix seconds as a moment; 0 is none."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def clock(moment: datetime | None) -> str:
    """A moment as `21 Nov 2026, 00:20:56 UTC`."""
    return f"{moment.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC" if moment else NOTHING


def size(count: float) -> str:
    """Bytes as `3.3 MiB`."""
    power = 0
    while count >= 1024 and power < len(_BYTES) - 1:
        count, power = count / 1024, power + 1
    return f"{count:.0f} B" if not power else f"{count:.1f} {_BYTES[power]}"


def share(part: int, whole: int) -> str:
    """A part as a percentage that says 0 and 100 only when it is: `<1 %`, `96 %`, `99 %`, `100 %`."""
    if not whole or not part:
        return "0 %"
    if part >= whole:
        return "100 %"
    percent = 100 * part / whole
    return "<1 %" if percent < 1 else f"{int(percent)} %"
