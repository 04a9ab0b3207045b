"""A table of figures: a row for each contender, a column for each thing measured, several rounds in each cell."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One table. `name` is how targets and JSON call it, `note` what a reader must know."""

    name: str
    title: str
    note: str = ""
    rows: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, row: str, figures: Mapping[str, float]) -> None:
        """Write down one round of one contender."""
        cells = self.rows.setdefault(row, {})
        for column, figure in figures.items():
            cells.setdefault(column, []).append(figure)

    def median(self, row: str, column: str) -> float | None:
        """The figure to quote; None where there is none."""
        rounds = self.rows.get(row, {}).get(column)
        return statistics.median(rounds) if rounds else None

    def compared(self, row: str, other: str, column: str) -> float | None:
        """How many times the other row's figure a row's is: the median of what each round gives, because within a
        round the machine is much the same, and from one to the next it is not. None where either is missing or 0.
        """
        above, below = (self.rows.get(each, {}).get(column, []) for each in (row, other))
        ratios = [upper / lower for upper, lower in zip(above, below, strict=False) if lower]
        return statistics.median(ratios) if ratios else None

    @property
    def columns(self) -> list[str]:
        """Every column, in the order in which they came."""
        return list(dict.fromkeys(column for cells in self.rows.values() for column in cells))

    def as_json(self) -> dict[str, object]:
        """The table with its rounds and medians."""
        medians = {row: {column: self.median(row, column) for column in cells} for row, cells in self.rows.items()}
        return {"name": self.name, "title": self.title, "note": self.note, "medians": medians, "rounds": self.rows}


class Book:
    """Every sheet of a run, by name."""

    def __init__(self) -> None:
        self._sheets: dict[str, Sheet] = {}

    def sheet(self, name: str, title: str, note: str = "") -> Sheet:
        """The sheet of that name, new when there is none yet."""
        return self._sheets.setdefault(name, Sheet(name=name, title=title, note=note))

    @property
    def sheets(self) -> list[Sheet]:
        """All of them, in the order in which they were begun."""
        return list(self._sheets.values())

    def figure(self, sheet: str, row: str, column: str) -> float | None:
        """A median; None where it was not measured."""
        found = self._sheets.get(sheet)
        return found.median(row, column) if found else None

    def compared(self, sheet: str, row: str, other: str, column: str) -> float | None:
        """One row against another of a sheet, see `Sheet.compared`; None where that was not measured."""
        found = self._sheets.get(sheet)
        return found.compared(row, other, column) if found else None

    def column(self, sheet: str, column: str, rows: str = "") -> list[float]:
        """The medians of a column, of the rows whose name has `rows` in it, in the order of the rows."""
        found = self._sheets.get(sheet)
        if found is None:
            return []
        medians = (found.median(row, column) for row in found.rows if rows in row)
        return [median for median in medians if median is not None]
