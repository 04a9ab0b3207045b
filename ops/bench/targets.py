"""A target: a figure of the book and the bound that it is held against (pure)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ops.bench.sheet import Book

Figure = Callable[[Book], float | None]


class Verdict(StrEnum):
    """How a target ended."""

    REACHED = "reached"
    NOT_REACHED = "not reached"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One target with its figure."""

    text: str
    wanted: str
    figure: float | None
    verdict: Verdict

    @property
    def shown(self) -> str:
        """The figure for a reader."""
        if self.figure is None:
            return "-"
        return f"{self.figure:,.0f}" if abs(self.figure) >= 1000 else f"{self.figure:.3g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`figure` must be at least `least`, or at most `most`."""

    text: str
    figure: Figure
    least: float | None = None
    most: float | None = None

    def judged(self, book: Book) -> Judged:
        """Hold it against the book."""
        found = self.figure(book)
        wanted = f"≥ {self.least:,g}" if self.least is not None else f"≤ {self.most:,g}"
        return Judged(text=self.text, wanted=wanted, figure=found, verdict=self._verdict(found))

    def _verdict(self, found: float | None) -> Verdict:
        if found is None:
            return Verdict.NOT_MEASURED
        is_enough = self.least is None or found >= self.least
        is_little = self.most is None or found <= self.most
        return Verdict.REACHED if is_enough and is_little else Verdict.NOT_REACHED


def figure(sheet: str, row: str, column: str) -> Figure:
    """A median of the book."""
    return lambda book: book.figure(sheet, row, column)


def compared(sheet: str, row: str, other: str, column: str) -> Figure:
    """One row against another of the same sheet, round by round."""
    return lambda book: book.compared(sheet, row, other, column)


def ratio(above: Figure, below: Figure) -> Figure:
    """One figure divided by another; None where one is missing or the lower one is 0."""

    def divided(book: Book) -> float | None:
        upper, lower = above(book), below(book)
        return upper / lower if upper is not None and lower else None

    return divided


def worst(*figures: Figure) -> Figure:
    """The smallest of those that were measured."""

    def smallest(book: Book) -> float | None:
        return min((value for each in figures if (value := each(book)) is not None), default=None)

    return smallest


def lowest(sheet: str, column: str, rows: str = "") -> Figure:
    """The lowest median of a column, over the rows whose name has `rows` in it."""
    return lambda book: min(book.column(sheet, column, rows), default=None)


def highest(sheet: str, column: str, rows: str = "") -> Figure:
    """The highest median of a column, over the rows whose name has `rows` in it."""
    return lambda book: max(book.column(sheet, column, rows), default=None)


def last(sheet: str, column: str, rows: str = "") -> Figure:
    """The median in the last row whose name has `rows` in it: where rows grow, the largest."""
    return lambda book: found[-1] if (found := book.column(sheet, column, rows)) else None
