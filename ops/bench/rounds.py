"""Contenders in turn within each round, so that what disturbs the machine disturbs them all."""

from collections.abc import Callable, Mapping

from ops.bench.plan import Bench
from ops.bench.sheet import Sheet

Measure = Callable[[], Mapping[str, float]]


def alternate(bench: Bench, sheet: Sheet, contenders: Mapping[str, Measure], column: str) -> None:
    """Measure every contender once a round, and say the figure of `column` as it comes."""
    for number in range(1, bench.rounds + 1):
        for label, measure in contenders.items():
            figures = measure()
            sheet.add(label, figures)
            told = f"{figures[column]:,.0f}" if column in figures else "-"
            bench.say(f"{sheet.name}, round {number} of {bench.rounds}: {label}: {told} {column}")
