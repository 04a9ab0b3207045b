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


_SINGLE: Final = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_JOINED: Final = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """What a text takes: its alphabet, septets (GSM-7) or code units (UCS-2), and segments to pay for."""

    encoding: Encoding
    units: int
    count: int


def measure(text: str) -> Segments:
    """Measure `text` as it is sent. An empty text is one GSM-7 segment, because an empty SMS is billed too."""
    if _IS_BASIC(text):
        return _unbroken(Encoding.GSM7, len(text))
    if _IS_GSM7(text):
        return _paired_gsm7(text)
    units = text.encode("utf-16-be", "surrogatepass")
    if len(units) == 2 * len(text):
        return _unbroken(Encoding.UCS2, len(text))
    return _paired_ucs2(units)


def is_gsm7(text: str) -> bool:
    """Whether every character of `text` is in the GSM-7 alphabet or its extension table."""
    return _IS_GSM7(text) is not None


def _unbroken(encoding: Encoding, units: int) -> Segments:
    """Segments of a text without pairs, which may be cut anywhere."""
    count = 1 if units <= _SINGLE[encoding] else -(-units // _JOINED[encoding])
    return Segments(encoding=encoding, units=units, count=count)


def _paired_gsm7(text: str) -> Segments:
    units = len(text) + sum(map(text.count, EXTENSION))
    if units <= _SINGLE[Encoding.GSM7]:
        return _unbroken(Encoding.GSM7, units)
    septets = text.translate(_PAIRS)
    count = begin = 0
    while begin < units:
        begin += _JOINED[Encoding.GSM7]
        begin -= septets[begin - 1 : begin] == _ESCAPE
        count += 1
    return Segments(encoding=Encoding.GSM7, units=units, count=count)


def _paired_ucs2(units: bytes) -> Segments:
    length = len(units) // 2
    if length <= _SINGLE[Encoding.UCS2]:
        return _unbroken(Encoding.UCS2, length)
    count = begin = 0
    while begin < length:
        begin += _JOINED[Encoding.UCS2]
        begin -= begin < length and units[2 * begin - 2] in _HIGH_SURROGATES
        count += 1
    return Segments(encoding=Encoding.UCS2, units=length, count=count)
