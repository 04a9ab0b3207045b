"""Reads single values out of provider JSON, where a number may be a string and anything may be hostile.

Every function takes whatever was in the answer and returns a bounded value of one type, or None. Nothing
here raises and nothing here knows a provider: which key means what is told in the family's own modules.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import orjson

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_DIGITS: Final = frozenset("0123456789")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?")
_YEAR_2100: Final = 4_102_444_800
_LARGEST: Final = 10**18
_MOST_CONTAINERS: Final = 400_000
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)  # possessive: in a time in its length


def parse(body: bytes) -> object | None:
    """The JSON value in `body`, or None when there is none (orjson refuses depth over 1024 by itself).

    None too for more than 400,000 lists and objects: an answer of 8 MB could be made of ten times as many, which
    take hundreds of megabytes here; the longest that providers give have half as many.
    """
    if len(body) > _MOST_CONTAINERS and _is_crowded(body):
        return None
    try:
        value: object = orjson.loads(body.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError:
        return None
    return value


def _is_crowded(body: bytes) -> bool:
    """Whether it holds too many lists and objects. Brackets in texts, which anybody writes, are none."""
    if body.count(b"[") + body.count(b"{") <= _MOST_CONTAINERS:
        return False
    count = end = 0
    for found in _STRING.finditer(body):
        begin = found.start()
        count += body.count(b"[", end, begin) + body.count(b"{", end, begin)
        if count > _MOST_CONTAINERS:
            return True
        end = found.end()
    return count + body.count(b"[", end) + body.count(b"{", end) > _MOST_CONTAINERS


def members(value: object) -> dict[str, object] | None:
    """`value` when it is a JSON object (JSON keys are always strings)."""
    return value if isinstance(value, dict) else None


def whole(value: object) -> int | None:
    """A whole number of at most 18 digits, given as number or string."""
    match value:
        case bool():
            return None
        case int() if abs(value) < _LARGEST:
            return value
        case str() if value in _DIGITS or _WHOLE.fullmatch(value.strip(" ")):
            return int(value)
        case _:
            return None


def amount(value: object) -> Decimal | None:
    """Money or a count, given as number or string; never NaN, infinite or of absurd length."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = value.strip(" ") if isinstance(value, str) else repr(value)
    return Decimal(text) if _AMOUNT.fullmatch(text) else None


def moment(value: object) -> datetime | None:
    """Unix seconds as an aware time; None for 0 and for what is no plausible time."""
    seconds = whole(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds < _YEAR_2100 else None


def digits(value: object) -> str:
    """The digits of a phone number, however it is spelled; empty when there are none or too many."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    found = re.sub(r"[^0-9]", "", value[:64]) if isinstance(value, str) else str(whole(value) or "")
    return found if len(found) <= 20 else ""


def words(value: object, most: int = 200) -> str:
    """A provider's own words on one line: printable characters only, at most `most` of them."""
    if not isinstance(value, str):
        return ""
    printable = "".join(letter if letter.isprintable() else " " for letter in value[: 4 * most])
    return " ".join(printable.split())[:most]


def text(value: object, most: int = 20_000) -> str:
    """A value as the provider wrote it, numbers too: letters of any kind, without what terminals obey."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    said = value if isinstance(value, str) else repr(value)
    return "".join(letter for letter in said[:most] if letter.isprintable() or letter in "\n\t").strip()
