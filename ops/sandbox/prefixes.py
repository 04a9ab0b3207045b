"""Whose numbers these are: a small table of prefixes, partly in Cyrillic so that charsets have something to do."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """The owner of all numbers that begin so; `tz` is hours from Moscow."""

    digits: str
    country: str
    code: str
    operator: str
    region: str
    mcc: str
    mnc: str
    tz: str


# invented, but mcc by ITU-T E.212
_ROWS: Final = (
    ("380", "Украина", "UA", "Киевстар", "", "255", "03", "-1"),
    ("79", "Sandbox", "RU", "Sandbox Mobile", "Loopback", "250", "01", "0"),
    ("77", "Казахстан", "KZ", "Кселл", "Алматы", "401", "02", "2"),
    ("30", "Greece", "GR", "Cosmote", "Attica", "202", "01", "-1"),
    ("49", "Germany", "DE", "Telekom", "", "262", "01", "-2"),
)
_NAMES: Final = ("digits", "country", "code", "operator", "region", "mcc", "mnc", "tz")
PREFIXES: Final = tuple(Prefix(**dict(zip(_NAMES, row, strict=True))) for row in _ROWS)


def prefix_of(phone: str) -> Prefix | None:
    """Find the prefix of a bare phone; None if nobody knows it, or if it is no full number."""
    if not 10 <= len(phone) <= 15:
        return None
    return next((prefix for prefix in PREFIXES if phone.startswith(prefix.digits)), None)
