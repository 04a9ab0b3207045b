"""A book as tables, JSON and Markdown."""

import json
from io import StringIO
from pathlib import Path

from rich.console import Console

from ops.bench.contenders import ARQ_TUNED, BARE
from ops.bench.sheet import Book
from ops.bench.showing import BEGIN, END, as_json, as_markdown, cells, number, show
from ops.bench.targets import Target, figure

_MACHINE = {"python": "3.11", "versions": {"arq": "0.28.0"}}


def _book() -> Book:
    book = Book()
    sheet = book.sheet("drain", "Drain", "A note.")
    sheet.add(BARE, {"messages/s": 10_000.0, "worker µs": 64.2})
    sheet.add(ARQ_TUNED, {"messages/s": 2000.0, "worker µs": 400.0})
    return book


def _judged(book: Book) -> list[object]:
    return [Target(text="fast", figure=figure("drain", BARE, "messages/s"), least=1).judged(book)]


def test_the_first_table_has_ratios_and_rounds_and_the_others_the_costs() -> None:
    (main, costs) = cells(_book().sheets[0])
    assert main == (
        ["", "messages/s", "of bare", "× arq tuned", "bare's CPU", "rounds"],
        [[BARE, "10,000", "1.00", "5.00", "1.00", "10,000"], [ARQ_TUNED, "2,000", "0.20", "1.00", "0.16", "2,000"]],
    )
    assert costs == (["", "worker µs"], [[BARE, "64.2"], [ARQ_TUNED, "400"]])


def test_numbers_show_the_digits_that_count() -> None:
    assert [number(value) for value in (None, 0.0, 0.034, 0.5, 12.345, 1234.5)] == [
        "", "0", "0.03", "0.50", "12.3", "1,234",
    ]  # fmt: skip


def test_json_has_every_round_and_every_target() -> None:
    book = _book()
    told = json.loads(json.dumps(as_json(_MACHINE, book, _judged(book))))
    assert told["sheets"][0]["rounds"][BARE]["messages/s"] == [10_000.0]
    assert told["targets"] == [{"text": "fast", "wanted": "≥ 1", "figure": 10_000.0, "verdict": "reached"}]


def test_the_terminal_gets_every_table_and_target() -> None:
    book, console = _book(), Console(width=120, record=True, file=StringIO())
    show(console, _MACHINE, book, _judged(book))
    shown = console.export_text()
    assert all(word in shown for word in ("Drain", "A note.", BARE, "fast", "reached", "0.28.0"))


def test_the_page_keeps_what_is_around_the_tables(tmp_path: Path) -> None:
    page, book = tmp_path / "README.md", _book()
    page.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nafter\n", encoding="utf-8")
    as_markdown(page, _MACHINE, book, _judged(book))
    as_markdown(page, _MACHINE, book, _judged(book))
    written = page.read_text(encoding="utf-8")
    assert written.startswith("# Before\n")
    assert written.endswith(f"{END}\n\nafter\n")
    assert written.count("### Drain") == 1
    assert "| bare aiohttp, no queue | 10,000 | 1.00 | 5.00 | 1.00 | 10,000 |" in written
    assert "old" not in written


def test_the_benchmarks_page_has_the_place_for_the_tables() -> None:
    page = (Path(__file__).parents[2] / "bench" / "README.md").read_text(encoding="utf-8")
    assert page.index(BEGIN) < page.index(END)
