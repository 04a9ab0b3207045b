"""How many segments a text is: GSM-7 or UCS-2, and what the handset network bills for it.

The tables and limits are those of 3GPP TS 23.038 (alphabets) and TS 23.040 (concatenation): 160
septets in one segment or 153 in each of several; 70 UCS-2 code units or 67 in each of several. A
character of the extension table is an escape pair and counts two; a character beyond the basic plane
is a surrogate pair and counts two. Neither pair is ever split over two segments, so a text may need
one segment more than its units alone would say.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet, in its order but without the escape (0x1B), which is no character."""

EXTENSION: Final = "\f^{}\\[~]|€"
"""The extension table: each is sent as an escape and one more septet."""

_ESCAPE: Final = "\x1b"
_IS_BASIC: Final = re.compile(f"[{re.escape(BASIC)}]*").fullmatch
_IS_GSM7: Final = re.compile(f"[{re.escape(BASIC + EXTENSION)}]*").fullmatch
_PAIRS: Final = str.maketrans({character: f"{_ESCAPE}{character}" for character in EXTENSION})
_HIGH_SURROGATES: Final = range(0xD8, 0xDC)  # first byte, big-endian


class Encoding(StrEnum):
    """The two alphabets an SMS can be in."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


GSM7_LIMITS: Final = (160, 153)
"""Septets in a text of one segment, and in each of several."""

UCS2_LIMITS: Final = (70, 67)
"""Code units in a text of one segment, and in each of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """What a text takes: its alphabet, septets (GSM-7) or code units (UCS-2), and segments to pay for."""

    encoding: Encoding
    units: int
    count: int


def measure(text: str) -> Segments:
    """Measure `text` as it is sent. An empty text is one GSM-7 segment, because an empty SMS is billed too."""
    if _IS_BASIC(text):
        return _gsm7(len(text))
    if _IS_GSM7(text):
        return _paired_gsm7(text)
    units = text.encode("utf-16-be", "surrogatepass")
    return _ucs2(len(text)) if len(units) == 2 * len(text) else _paired_ucs2(units)


def is_basic(text: str) -> bool:
    """Whether every character of `text` is in the GSM-7 alphabet itself: one septet each."""
    return _IS_BASIC(text) is not None


def measure_basic(units: int) -> Segments:
    """What so many septets of the GSM-7 alphabet itself take, as `measure` tells it."""
    return _gsm7(units)


def is_gsm7(text: str) -> bool:
    """Whether every character of `text` is in the GSM-7 alphabet or its extension table."""
    return _IS_GSM7(text) is not None


@lru_cache(maxsize=2048)  # lengths repeat, and making the record is what takes the time
def _gsm7(units: int) -> Segments:
    """GSM-7 that may be cut anywhere."""
    single, joined = GSM7_LIMITS
    return Segments(encoding=Encoding.GSM7, units=units, count=1 if units <= single else -(-units // joined))


@lru_cache(maxsize=2048)
def _ucs2(units: int) -> Segments:
    """UCS-2 that may be cut anywhere."""
    single, joined = UCS2_LIMITS
    return Segments(encoding=Encoding.UCS2, units=units, count=1 if units <= single else -(-units // joined))


def _paired_gsm7(text: str) -> Segments:
    single, joined = GSM7_LIMITS
    units = len(text) + sum(map(text.count, EXTENSION))
    if units <= single:
        return _gsm7(units)
    septets = text.translate(_PAIRS)
    count = begin = 0
    while begin < units:
        begin += joined
        begin -= septets[begin - 1 : begin] == _ESCAPE
        count += 1
    return Segments(encoding=Encoding.GSM7, units=units, count=count)


def _paired_ucs2(encoded: bytes) -> Segments:
    single, joined = UCS2_LIMITS
    units = len(encoded) // 2
    if units <= single:
        return _ucs2(units)
    count = begin = 0
    while begin < units:
        begin += joined
        begin -= begin < units and encoded[2 * begin - 2] in _HIGH_SURROGATES
        count += 1
    return Segments(encoding=Encoding.UCS2, units=units, count=count)
