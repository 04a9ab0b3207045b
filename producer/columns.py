"""Which column is the number, which are template values, and what is wrong with a header (pure)."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Self

from producer.unreadable import HeaderError

MOST_COLUMNS: Final = 200

NUMBER_COLUMNS: Final = (
    *("to", "msisdn", "phone", "number", "tel", "mobile", "phone number", "phone_number", "mobile number"),
    *("τηλέφωνο", "τηλεφωνο", "κινητό", "κινητο", "αριθμός", "αριθμος"),
    *("телефон", "номер", "мобильный", "номер телефона"),
)
"""Names by which the number column is found, in any case; the first few are the ones to teach."""

_KNOWN: Final = frozenset(map(str.casefold, NUMBER_COLUMNS))
_TAUGHT: Final = ", ".join(NUMBER_COLUMNS[:6])
_DELIMITERS: Final = (",", ";", "\t")
_QUOTED: Final = re.compile(r'"[^"]*"?')
_NUMBER_LIKE: Final = re.compile(r"\W*\d[\d\W]{5,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one row becomes a recipient: how many cells, where the number is, which cells are not values.

    `names` are those of the cells that stay when the places of `dropped` (last first) are taken out.
    """

    width: int
    number: int
    dropped: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(
        cls, header: Sequence[str], *, column: str | None, needed: Sequence[str], keep_extras: bool = True
    ) -> Self:
        """Read a header; HeaderError says what was found and what is expected."""
        columns = [name.strip() for name in header]
        _check(columns, column)
        number = columns.index(number_column(columns, column))
        require(columns, needed)
        dropped = tuple(
            place
            for place, name in reversed(list(enumerate(columns)))
            if name not in needed and (place == number or not name or not keep_extras)
        )
        names = tuple(name for place, name in enumerate(columns) if place not in dropped)
        return cls(width=len(columns), number=number, dropped=dropped, names=names)


def number_column(columns: Sequence[str], column: str | None = None) -> str:
    """The column that holds the number: `column` where it is given, else the one with a known name."""
    fitting = _fitting(columns, column)
    if not fitting:
        expected = f"a column {column!r}" if column else f"one called {_TAUGHT}, or to be told which"
        raise HeaderError(f"no column holds the number: found {_listed(columns)}; expected {expected}")
    if len(fitting) > 1:
        raise HeaderError(f"several columns could hold the number: {_listed(fitting)}; say which")
    return fitting[0]


def require(columns: Sequence[str], needed: Sequence[str]) -> None:
    """HeaderError when the template needs a value that no column gives."""
    missing = [name for name in needed if name not in columns]
    if not missing:
        return
    similar = _named(columns, {name.casefold() for name in missing})
    hint = f" (capitals count: is it {_listed(similar)}?)" if similar else ""
    raise HeaderError(f"the text needs {_listed(missing)}; found the columns {_listed(columns)}{hint}")


def delimiter_of(header: str) -> str:
    """What separates the cells of this header line: comma, semicolon or tab, whichever it has most of."""
    bare = _QUOTED.sub("", header)
    return max(_DELIMITERS, key=bare.count)


def _check(columns: Sequence[str], column: str | None) -> None:
    if len(columns) > MOST_COLUMNS:
        raise HeaderError(f"{len(columns)} columns; at most {MOST_COLUMNS} are read")
    if any(map(_NUMBER_LIKE.fullmatch, columns)) and not _fitting(columns, column):
        raise HeaderError(
            "no header: the first line looks like a recipient;"
            f" expected a line of column names, one of them {_TAUGHT}"
        )
    doubled = sorted({name for name in columns if name and columns.count(name) > 1})
    if doubled:
        raise HeaderError(f"two columns have one name: {_listed(doubled)}; each must have its own")


def _fitting(columns: Sequence[str], column: str | None) -> list[str]:
    """The columns that could be the number's; a name in its exact letters goes before one in other case."""
    if column is None:
        return _named(columns, _KNOWN)
    return [name for name in columns if name == column] or _named(columns, {column.casefold()})


def _named(columns: Sequence[str], names: Collection[str]) -> list[str]:
    return [name for name in columns if name.casefold() in names]


def _listed(names: Sequence[str]) -> str:
    """Names for a message: quoted, at most twenty, none longer than 40 characters."""
    shown = ", ".join(repr(name[:40]) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "nothing"
