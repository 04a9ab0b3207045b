"""`volley bench --quick`: a minute's comparison of Volley, stock arq and a bare aiohttp loop, side by side."""

import json
import platform
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from ops.bench.contenders import Arena, arena, bare, stock, volley
from ops.errors import OpsError
from ops.redis_server import RedisServer

_SLOTS: Final = 100
_DEFAULT_COUNT: Final = 400
"""Messages for stock arq with its default settings, which does about 200 a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One contender: messages a second, one a round."""

    name: str
    rates: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure to quote."""
        return statistics.median(self.rates)


@click.command(name="bench")
@click.option("--quick", is_flag=True, help="Under a minute; the full benchmark comes with a later version.")
@click.option("--messages", default=6000, show_default=True, help="Messages per contender and round.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def bench(*, quick: bool, messages: int, rounds: int, as_json: bool) -> int:
    """Measure sending, one request per message, against a provider that costs nothing."""
    if not quick:
        raise OpsError("only --quick exists yet: volley bench --quick")
    figures, submitted = measure(messages, rounds)
    if as_json:
        click.echo(json.dumps(_as_json(figures, submitted, messages)))
    else:
        _show(figures, submitted, messages)
    return 0


def measure(messages: int, rounds: int) -> tuple[list[Figure], float]:
    """The figures, contenders in turn within each round; and recipients a second submitted by Volley."""
    submits: list[float] = []

    def ours(place: Arena) -> float:
        rate, submitted = volley(place, messages)
        submits.append(submitted)
        return rate

    contenders: dict[str, Callable[[Arena], float]] = {
        "bare aiohttp, no queue": lambda place: bare(place, messages),
        "volley, all books kept": ours,
        "stock arq, tuned": lambda place: stock(place, messages, tuned=True),
        "stock arq, default": lambda place: stock(place, _DEFAULT_COUNT, tuned=False),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            with (
                tempfile.TemporaryDirectory(prefix="volley-bench-") as folder,
                RedisServer(Path(folder)) as redis,
                arena(redis.url, slots=_SLOTS) as place,
            ):
                rates[name].append(contender(place))
    figures = [Figure(name=name, rates=tuple(each)) for name, each in rates.items()]
    return figures, statistics.median(submits)


def _as_json(figures: list[Figure], submitted: float, messages: int) -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "slots": _SLOTS,
        "messages": messages,
        "submitted_per_second": round(submitted),
        "sent_per_second": {figure.name: round(figure.median) for figure in figures},
        "rounds": {figure.name: [round(rate) for rate in figure.rates] for figure in figures},
    }


def _show(figures: list[Figure], submitted: float, messages: int) -> None:
    table = Table(title=f"{messages} messages, one request each, {_SLOTS} at once, one worker process")
    for heading in ("contender", "messages/s (median)", "against stock arq tuned", "rounds"):
        table.add_column(heading, justify="left" if heading == "contender" else "right")
    peer = next(figure.median for figure in figures if figure.name == "stock arq, tuned")
    for figure in figures:
        rounds = " ".join(f"{rate:,.0f}" for rate in figure.rates)
        table.add_row(figure.name, f"{figure.median:,.0f}", f"{figure.median / peer:.2f} x", rounds)
    console = Console()
    console.print(table)
    console.print(f"submitted to Volley: {submitted:,.0f} recipients/s (template with one value, iterated in Python)")
