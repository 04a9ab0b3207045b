"""A run's figures for a reader: tables at a terminal, JSON, and Markdown for tests/bench/README.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich import table as rich_table
from rich.console import Console

from ops.bench.contenders import ARQ_TUNED, BARE
from ops.bench.sheet import Book, Sheet
from ops.bench.targets import Judged

BEGIN: Final = "<!-- the last full table: written by `volley bench --write` -->"
END: Final = "<!-- end of the last full table -->"
_YARDSTICKS: Final = {BARE: "of bare", ARQ_TUNED: "× arq tuned"}
_CPU_YARDSTICK: Final = "bare's CPU"
_RATE: Final = "messages/s"
_CPU: Final = "worker µs"
_WIDEST: Final = 9

Table = tuple[list[str], list[list[str]]]
"""Headings, and the cells below them."""


def as_json(machine: Mapping[str, object], book: Book, results: Sequence[Judged]) -> dict[str, object]:
    """Everything, with each round."""
    return {
        "machine": machine,
        "sheets": [sheet.as_json() for sheet in book.sheets],
        "targets": [
            {"text": each.text, "wanted": each.wanted, "figure": each.figure, "verdict": each.verdict}
            for each in results
        ],
    }


def show(console: Console, machine: Mapping[str, object], book: Book, results: Sequence[Judged]) -> None:
    """Print every table, then the targets."""
    for sheet in book.sheets:
        main, *costs = cells(sheet)
        _print(console, sheet.title, *main)
        for headings, rows in costs:
            _print(console, "", headings, rows)
        if sheet.note:
            console.print(sheet.note)
    headings = ["target", "wanted", "figure", ""]
    _print(console, "Targets", headings, [[each.text, each.wanted, each.shown, each.verdict] for each in results])
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()))


def cells(sheet: Sheet) -> list[Table]:
    """A sheet as tables narrow enough to read: its first column with ratios and rounds, then the others' medians.

    `bare's CPU`: the processor time of the bare loop for a message, divided by the contender's. Ratios are
    the medians of the rounds' own.
    """
    first, *others = sheet.columns or [""]
    yardsticks = [label for label in _YARDSTICKS if first == _RATE and sheet.median(label, _RATE)]
    cpu = [label for label in yardsticks if label == BARE and sheet.median(label, _CPU)]
    headings = ["", first, *(_YARDSTICKS[label] for label in yardsticks), *(_CPU_YARDSTICK for _ in cpu), "rounds"]
    rows = [
        [
            row,
            number(sheet.median(row, first)),
            *(_times(sheet.compared(row, label, first)) for label in yardsticks),
            *(_times(sheet.compared(label, row, _CPU)) for label in cpu),
            " ".join(number(value) for value in sheet.rows[row].get(first, [])),
        ]
        for row in sheet.rows
    ]
    groups = [others[start : start + _WIDEST] for start in range(0, len(others), _WIDEST)]
    return [(headings, rows), *(_medians(sheet, group) for group in groups)]


def _medians(sheet: Sheet, columns: list[str]) -> Table:
    rows = [[row, *(number(sheet.median(row, column)) for column in columns)] for row in sheet.rows]
    return ["", *columns], rows


def number(value: float | None) -> str:
    """A figure with about three digits that count."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.1g}"


def as_markdown(path: Path, machine: Mapping[str, object], book: Book, results: Sequence[Judged]) -> None:
    """Put the tables between the two marks of the page at `path`."""
    page = path.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    parts = [_described(machine), *map(_sheet, book.sheets), _targets(results)]
    tables = "\n".join(parts)
    path.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{after}", encoding="utf-8")


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _print(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = rich_table.Table(title=title, title_justify="left")
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _described(machine: Mapping[str, object]) -> str:
    lines = [f"- {name}: {_words(value)}" for name, value in machine.items()]
    return "\n".join(lines) + "\n"


def _words(value: object) -> str:
    return ", ".join(f"{name} {each}" for name, each in value.items()) if isinstance(value, Mapping) else str(value)


def _sheet(sheet: Sheet) -> str:
    tables = "\n".join(_table(headings, rows) for headings, rows in cells(sheet))
    return f"### {sheet.title}\n\n{tables}\n{sheet.note}\n"


def _targets(results: Sequence[Judged]) -> str:
    rows = [[each.text, each.wanted, each.shown, each.verdict] for each in results]
    return f"### Targets\n\n{_table(['target', 'wanted', 'figure', ''], rows)}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---", *("---:" for _ in headings[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
