"""How a provider's calls and their records are shown to people: a list of names, or a table."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

_WIDEST: Final = 60

Record = Mapping[str, Any]  # Any: plain values


def show_records(records: Sequence[Record]) -> None:
    """One record: a line for each value. Several: a table for each kind, without the columns that are empty."""
    if not records:
        click.echo("Nothing.")
    elif len(records) == 1:
        _lines({name: shown for name, value in records[0].items() if (shown := _shown(value))})
    for number, rows in enumerate(_kinds(records) if len(records) > 1 else ()):
        click.echo("\n" * bool(number), nl=False)
        _table(rows)


def show_calls(account: str, told: Record) -> None:
    """Every call with what it takes."""
    click.echo(f"{account} is of family {told['family']}. Its calls:")
    for call in told["calls"]:
        click.echo(f"\n{call['name']}: {call['meaning']}{_yes(call)}")
        for parameter in call["parameters"]:
            needed = " (needed)" if parameter["required"] else ""
            click.echo(f"    {parameter['name']}=  {parameter['meaning']}{needed}{_yes(parameter)}")


def _yes(record: Record) -> str:
    return " [--yes]" if record["needs_yes"] else ""


def _lines(values: Mapping[str, str]) -> None:
    width = max(map(len, values), default=0)
    for name, value in values.items():
        click.echo(f"{name:<{width}}  {value}")


def _kinds(records: Sequence[Record]) -> list[list[Record]]:
    """Neighbours with the same fields together: prices are of three kinds."""
    kinds: list[list[Record]] = []
    for record in records:
        if kinds and kinds[-1][0].keys() == record.keys():
            kinds[-1].append(record)
        else:
            kinds.append([record])
    return kinds


def _table(rows: Sequence[Record]) -> None:
    names = [name for name in rows[0] if any(_shown(row[name]) for row in rows)]
    cells = [names] + [[_cut(_shown(row[name])) for name in names] for row in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    for line in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _shown(value: object) -> str:
    """A value on one line, without anything that a terminal obeys."""
    if value is None:
        return ""
    said = ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)
    return "".join(letter if letter.isprintable() else " " for letter in said)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
