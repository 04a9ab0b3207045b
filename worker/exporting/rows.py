"""The rows of a CSV file that may be hostile, in batches: lines and rows are bounded, a bad one raises nothing."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from worker.exporting.shape import REQUIRED, Shape
from worker.providers.exports import BadRow
from worker.providers.reports import Report

LONGEST_ROW: Final = 64 * 1024
"""Bytes. An SMS has a thousand characters; the csv module would take 128 K a field."""

_MOST_LINES: Final = 100
"""Lines of one row: texts have line ends in quotes, and a quote that is never closed must not eat the file."""

Read = Callable[[Mapping[str, str]], Report | BadRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows: what they report, how many there were, how many were bad and why the first of them was.

    `offset`: the byte behind the last of them. `is_end`: there are no more.
    """

    reports: tuple[Report, ...]
    rows: int
    bad: int
    offset: int
    is_end: bool
    first_bad: str = ""


class RowFile:
    """An open file of rows. Blocking: call it in a thread, one call at a time."""

    def __init__(self, path: Path, shape: Shape, offset: int, read: Read) -> None:
        self._file = path.open("rb")
        self._lines = _Lines(self._file, shape.encoding, offset)
        self._rows = csv.reader(self._lines, delimiter=shape.delimiter)
        self._places = shape.places
        self._least = 1 + max(shape.places[role] for role in REQUIRED)
        self._read = read
        self._is_end = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def batch(self, most: int) -> Batch:
        """The next rows, at most so many; empty lines are none."""
        reports: list[Report] = []
        bad: list[str] = []
        rows = 0
        for row in self._next(most):
            rows += 1
            match row if isinstance(row, BadRow) else self._report(row):
                case Report() as report:
                    reports.append(report)
                case BadRow(why=why):
                    bad.append(why)
        return Batch(
            reports=tuple(reports),
            rows=rows,
            bad=len(bad),
            offset=self._lines.offset,
            is_end=self._is_end,
            first_bad=bad[0] if bad else "",
        )

    def _next(self, most: int) -> Iterator[list[str] | BadRow]:
        for _ in range(most):
            self._lines.begin_row()
            try:
                row = next(self._rows)
            except StopIteration:
                self._is_end = True
                return
            except _UnboundedError as error:
                yield BadRow(why=str(error))
            except csv.Error:
                yield BadRow(why="it is no CSV")
            else:
                if row:
                    yield row

    def _report(self, row: list[str]) -> Report | BadRow:
        if len(row) < self._least:
            return BadRow(why="it has too few columns")
        return self._read({role: row[place].strip() for role, place in self._places.items() if place < len(row)})


class _UnboundedError(Exception):
    """A row goes on and on; the file stands behind its first line."""


class _Lines:
    """The lines of a file as the csv reader asks for them: it asks for another while a quote is open."""

    def __init__(self, file: BinaryIO, encoding: str, offset: int) -> None:
        self._file = file
        self._encoding = encoding.removesuffix("-sig")
        self._file.seek(offset)
        self._count = 0
        self._began_at = offset
        self._second_at = offset
        self.offset = offset

    def begin_row(self) -> None:
        self._count = 0
        self._began_at = self.offset

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_ROW)
        if not line:
            raise StopIteration
        self._count += 1
        self.offset += len(line)
        if self._count == 1:
            if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
                self._skip_line()
                raise _UnboundedError("its line is too long")
            self._second_at = self.offset
        elif self._count > _MOST_LINES or self.offset - self._began_at > LONGEST_ROW:
            self._file.seek(self._second_at)
            self.offset = self._second_at
            raise _UnboundedError("a quote in it is not closed")
        return line.decode(self._encoding, errors="replace")

    def _skip_line(self) -> None:
        while piece := self._file.readline(LONGEST_ROW):
            self.offset += len(piece)
            if piece.endswith(b"\n"):
                return
