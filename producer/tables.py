"""Lines become rows: CSV with a header, and JSON objects one a line."""

import csv
from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from producer.columns import delimiter_of
from producer.contract.campaigns import Recipient, Refusal
from producer.rows import CellRows, ItemRows, Wanted
from producer.unreadable import HeaderError, SourceError

_MOST_LINES_A_ROW: Final = 100
_MOST_GIVEN: Final = 40


class Table:
    """CSV whose first of `lines` is `header`, with `above` blank lines over it.

    Quotes must pair: one that is left open would swallow the rows behind it, and nobody would know.
    """

    def __init__(self, lines: Iterable[str], wanted: Wanted, *, header: str, above: int) -> None:
        self._lines = lines
        self._wanted = wanted
        self._above = above
        self._begun = above + 1  # the line on which the current row begins
        self._reader = csv.reader(self._bounded(), delimiter=delimiter_of(header), strict=True, skipinitialspace=True)

    def read(self) -> Iterator[Recipient | Refusal]:
        """Every row below the header. Raises before the first of them when the header does not fit."""
        reader, rows = self._reader, self._rows()
        while True:
            try:
                for cells in reader:
                    row = rows.read(self._begun, cells)
                    self._begun = self._above + reader.line_num + 1
                    if row is not None:
                        yield row
            except csv.Error as error:
                yield self._broken(error)
            else:
                return

    def _rows(self) -> CellRows:
        try:
            header = next(self._reader)
        except csv.Error as error:
            raise HeaderError(f"the line of column names cannot be read: {error}") from error
        self._begun = self._above + self._reader.line_num + 1
        return CellRows(header, self._wanted)

    def _bounded(self) -> Iterator[str]:
        """The lines, until one row takes too many of them."""
        for number, line in enumerate(self._lines, self._above + 1):
            if number - self._begun >= _MOST_LINES_A_ROW:
                raise SourceError(self._begun, f"a quoted field does not end within {_MOST_LINES_A_ROW} lines")
            yield line

    def _broken(self, error: csv.Error) -> Refusal:
        """A row with unpaired quotes is refused where it is one line; otherwise nobody knows where it ends."""
        begun, seen = self._begun, self._above + self._reader.line_num
        self._begun = seen + 1
        if begun < seen:
            raise SourceError(begun, f"a quoted field does not end properly (seen on line {seen}: {error})")
        return Refusal(line=begun, given="", reason=f"quotes that do not pair: {error}")


def read_objects(lines: Iterable[str], wanted: Wanted, *, above: int) -> Iterator[Recipient | Refusal]:
    """JSON objects, one a line; whatever else a line holds is refused."""
    rows = ItemRows(wanted)
    for number, line in enumerate(lines, above + 1):
        if not line.isspace():
            yield _read_object(rows, number, line)


def _read_object(rows: ItemRows, number: int, line: str) -> Recipient | Refusal:
    try:
        item = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Refusal(line=number, given=line[:_MOST_GIVEN].strip(), reason=f"no JSON object: {error.msg}")
    if not isinstance(item, dict):
        return Refusal(line=number, given=line[:_MOST_GIVEN].strip(), reason="another JSON value than an object")
    return rows.read(number, item)
