"""Contenders in turn within each round, so that what disturbs the machine disturbs them all."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ops.bench.plan import Bench
from ops.bench.sheet import Sheet

Measure = Callable[[], Mapping[str, float]]
_MORE = 3


def more_rounds(bench: Bench) -> Bench:
    """For rooms that compare two things which are nearly alike: the machine's own ups and downs are larger."""
    return replace(bench, rounds=_MORE * bench.rounds)


def alternate(bench: Bench, sheet: Sheet, contenders: Mapping[str, Measure], column: str) -> None:
    """Measure every contender once a round, in one order and then in the other, so that a machine that becomes slower
    favours nobody; say the figure of `column` as it comes.
    """
    order = list(contenders.items())
    for label in contenders:
        sheet.rows.setdefault(label, {})  # as they are named, whoever is first
    for number in range(1, bench.rounds + 1):
        for label, measure in order if number % 2 else reversed(order):
            figures = measure()
            sheet.add(label, figures)
            told = f"{figures[column]:,.0f}" if column in figures else "-"
            bench.say(f"{sheet.name}, round {number} of {bench.rounds}: {label}: {told} {column}")
