"""What issue 4 wants reached, each as a figure of the book and a bound (pure)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ops.bench.contenders import ARQ_TUNED, BARE, PEERS, VOLLEY
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


def ratio(above: Figure, below: Figure) -> Figure:
    """One figure divided by another; None where one is missing or the lower one is 0."""

    def divided(book: Book) -> float | None:
        upper, lower = above(book), below(book)
        return upper / lower if upper is not None and lower else None

    return divided


def best(*figures: Figure) -> Figure:
    """The largest of those that were measured."""

    def largest(book: Book) -> float | None:
        found = [value for each in figures if (value := each(book)) is not None]
        return max(found, default=None)

    return largest


def _drain(sheet: str, row: str) -> Figure:
    return figure(sheet, row, "messages/s")


_PEER_DRAINS: Final = best(*(_drain("drain", label) for label in (ARQ_TUNED, *(peer.label for peer in PEERS))))

TARGETS: Final = (
    Target(
        text="drain, 0 ms, against the bare loop",
        figure=ratio(_drain("drain", VOLLEY), _drain("drain", BARE)),
        least=0.85,
    ),
    Target(
        text="drain, 50 ms, 500 at once, against the bare loop",
        figure=ratio(_drain("drain-50ms-500", VOLLEY), _drain("drain-50ms-500", BARE)),
        least=0.88,
    ),
    Target(
        text="drain, 50 ms, 100 at once, against the bare loop",
        figure=ratio(_drain("drain-50ms-100", VOLLEY), _drain("drain-50ms-100", BARE)),
        least=0.97,
    ),
    Target(
        text="drain, 0 ms, against the best tuned peer",
        figure=ratio(_drain("drain", VOLLEY), _PEER_DRAINS),
        least=5.5,
    ),
    Target(
        text="append-only file on, against off",
        figure=ratio(_drain("append-only", "append-only file on"), _drain("append-only", "append-only file off")),
        least=0.9,
    ),
)
