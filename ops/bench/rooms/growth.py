"""Growth: what one message costs in campaigns of growing size should be the same in all of them."""

from typing import Final

from ops.bench import draining
from ops.bench.arena import arena
from ops.bench.draining import AccountPlan
from ops.bench.plan import Bench
from ops.bench.rooms.redis_costs import used

SLOPE: Final = "largest against smallest"
_SLOTS: Final = 14
_COSTS: Final = ("worker µs", "redis µs", "commands", "bytes")
_NOTE: Final = (
    "Submitted to an smsc account (many messages a request). Of campaigns larger than {most:,} so many are drained."
    " The last row is the cost at the largest size divided by that at the smallest: 1 is flat."
)


def run(bench: Bench) -> None:
    """Every size once."""
    most = bench.plan.drained_in_growth
    sheet = bench.book.sheet("growth", "Growth: cost per message by size of the campaign", _NOTE.format(most=most))
    for count in bench.plan.growth:
        figures = _measured(bench, count, min(count, most))
        sheet.add(f"{count:,}", figures)
        bench.say(
            f"growth: {count:,}: {figures['submit µs']:.1f} µs to submit, {figures['drain µs']:.0f} µs to drain"
        )
    smallest, largest = (f"{count:,}" for count in (bench.plan.growth[0], bench.plan.growth[-1]))
    slopes = {
        column: last / first
        for column in sheet.columns
        if (first := sheet.median(smallest, column)) and (last := sheet.median(largest, column)) is not None
    }
    sheet.add(SLOPE, slopes)


def _measured(bench: Bench, count: int, drained: int) -> dict[str, float]:
    with arena(slots=_SLOTS) as place:
        draining.configure(place, AccountPlan(family="smsc"))
        draining.announce(place)
        draining.warm(bench, place)
        empty = used(place)
        told = draining.submit(bench, place, count)
        stored = used(place)
        figures = draining.measured(place, draining.start_workers(place, 1), drained, since=1)
    return {
        "submit µs": float(told["seconds"]) * 1e6 / count,
        "submit peak MB": float(told["peak_bytes"]) / 1e6,
        "redis bytes waiting": (stored - empty) / count,
        "drain µs": 1e6 / figures[draining.RATE],
        **{f"drain {name}": figures[name] for name in _COSTS if name in figures},
    }
