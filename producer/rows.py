"""One row becomes one recipient or one refusal: a table's cells, or an item of any other source (pure)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from producer.columns import MOST_COLUMNS, Layout, number_column
from producer.contract.campaigns import Recipient, Refusal
from producer.msisdn import Normaliser
from producer.unreadable import HeaderError

Item = str | Mapping[str, object] | Recipient
"""What an iterable may hold: an MSISDN, an object with the number and the values, or a ready recipient."""

_MOST_GIVEN: Final = 64
_MOST_BITS: Final = 512
_MOST_SHAPES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the caller asked of every row: see `producer.recipients.read_recipients`."""

    normalise: Normaliser
    column: str | None = None
    needed: Sequence[str] = ()
    keep_extras: bool = True


class CellRows:
    """Rows of a table with this header; HeaderError when the header does not fit what is wanted."""

    def __init__(self, header: Sequence[str], wanted: Wanted) -> None:
        layout = Layout.of(header, column=wanted.column, needed=wanted.needed, keep_extras=wanted.keep_extras)
        self._width = layout.width
        self._number = layout.number
        self._dropped = layout.dropped
        self._names = layout.names
        self._normalise = wanted.normalise
        self._needed = wanted.needed

    def read(self, line: int, cells: list[str]) -> Recipient | Refusal | None:
        """The recipient or refusal of one row, or None when the row is blank. `cells` is used up."""
        if len(cells) != self._width:
            return self._misfit(line, cells)
        given = cells[self._number]
        msisdn = self._normalise(given)
        if not isinstance(msisdn, str):
            return _refusal(line, given, msisdn.reason) if any(map(str.strip, cells)) else None
        for place in self._dropped:
            del cells[place]
        values = dict(zip(self._names, cells, strict=True))
        for name in self._needed:
            if not values[name] or values[name].isspace():
                return _refusal(line, given, f"value {name!r} is empty")
        return Recipient(msisdn=msisdn, values=values, line=line)

    def _misfit(self, line: int, cells: Sequence[str]) -> Refusal | None:
        if not any(map(str.strip, cells)):
            return None
        given = cells[self._number] if self._number < len(cells) else cells[0]
        return _refusal(line, given, f"fields: {len(cells)}, expected {self._width}")


class ItemRows:
    """Items of an iterable, or objects of JSONL: each names its own values."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._needed = wanted.needed
        self._number_names: dict[tuple[str, ...], str] = {}  # shape of an object -> its number's name

    def read(self, line: int, item: object) -> Recipient | Refusal:
        """The recipient of one item, or why it is none."""
        match item:
            case str():
                return self._recipient(line, item, {})
            case Recipient():
                return self._recipient(item.line or line, item.msisdn, item.values)
            case Mapping():
                return self._object(line, item)
        return _refusal(line, "", f"expected text, a mapping or a Recipient, found {type(item).__name__}")

    def _object(self, line: int, item: Mapping[object, object]) -> Recipient | Refusal:
        names = tuple(name for name in item if isinstance(name, str))
        if len(names) != len(item) or len(names) > MOST_COLUMNS:
            return _refusal(line, "", f"names must be text, and at most {MOST_COLUMNS}")
        try:
            number = self._number_name(names)
        except HeaderError as error:
            return _refusal(line, "", str(error))
        given = _number(item[number])
        if given is None:
            return _refusal(line, "", f"the number is no text but {type(item[number]).__name__}")
        values = {name: item[name] for name in names if name != number or name in self._needed}
        return self._recipient(line, given, values)

    def _number_name(self, names: tuple[str, ...]) -> str:
        """Which name holds the number in objects of this shape."""
        if names not in self._number_names:
            if len(self._number_names) >= _MOST_SHAPES:
                self._number_names.clear()
            self._number_names[names] = number_column(names, self._wanted.column)
        return self._number_names[names]

    def _recipient(self, line: int, given: str, values: Mapping[str, object]) -> Recipient | Refusal:
        msisdn = self._wanted.normalise(given)
        if not isinstance(msisdn, str):
            return _refusal(line, given, msisdn.reason)
        names = values if self._wanted.keep_extras else self._needed
        texts: dict[str, str] = {}
        for name in names:
            value = values.get(name)
            if value is None:
                continue
            if flaw := _flaw(value):
                return _refusal(line, given, f"value {name!r} {flaw}")
            texts[name] = _text(value)
        if problem := self._lack(texts):
            return _refusal(line, given, problem)
        return Recipient(msisdn=msisdn, values=texts, line=line)

    def _lack(self, values: Mapping[str, str]) -> str | None:
        for name in self._needed:
            if name not in values:
                return f"no value {name!r}"
            if not values[name].strip():
                return f"value {name!r} is empty"
        return None


def _number(given: object) -> str | None:
    """The number as text (none at all: empty), or None when it is of a kind that no number is written in."""
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if given is None or isinstance(given, str):
        return given or ""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) and not _is_huge(given) else None


def _flaw(value: object) -> str | None:
    """Why a value cannot stand in a text, or None when it can."""
    if isinstance(value, int | float):  # a table's empty cells often arrive as NaN
        return "is no number that can be written" if _is_huge(value) or not math.isfinite(value) else None
    if not isinstance(value, str):
        return f"is not plain text but {type(value).__name__}"
    if "\0" in value or not (value.isascii() or _encodable(value)):
        return "has characters that no text can hold"
    return None


def _is_huge(value: float) -> bool:
    """Whether it is a whole number of hundreds of digits; Python writes none of more than 4300."""
    return isinstance(value, int) and value.bit_length() > _MOST_BITS


def _encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _text(value: object) -> str:
    """A scalar as text. JSON's words for booleans, whichever source they come from."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal(line: int, given: str, reason: str) -> Refusal:
    shown = given[:_MOST_GIVEN].encode(errors="replace").decode()  # half a surrogate pair cannot be stored
    return Refusal(line=line, given=shown, reason=reason)
