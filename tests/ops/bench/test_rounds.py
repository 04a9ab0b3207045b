"""Contenders take turns, in one order and then in the other, and are shown in the order in which they are named."""

from pathlib import Path

from ops.bench.plan import QUICK, Bench
from ops.bench.rounds import alternate, more_rounds
from ops.bench.rows import Rows
from ops.bench.sheet import Book


def test_they_take_turns(tmp_path: Path) -> None:
    said, asked = list[str](), list[str]()
    bench = Bench(plan=QUICK, rounds=3, peers={}, rows=Rows(tmp_path), book=Book(), say=said.append)
    sheet = bench.book.sheet("drain", "Drain")

    def measure(label: str) -> dict[str, float]:
        asked.append(label)
        return {"messages/s": float(len(asked))}

    alternate(bench, sheet, {"a": lambda: measure("a"), "b": lambda: measure("b")}, "messages/s")
    assert asked == ["a", "b", "b", "a", "a", "b"]
    assert sheet.rows == {"a": {"messages/s": [1, 4, 5]}, "b": {"messages/s": [2, 3, 6]}}
    assert said[2] == "drain, round 2 of 3: b: 3 messages/s"
    assert more_rounds(bench).rounds == 3 * bench.rounds
