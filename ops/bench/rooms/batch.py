"""Many messages per request: the smsc family's `list`, as many as it takes."""

from functools import partial

from ops.bench import draining
from ops.bench.arena import arena
from ops.bench.draining import AccountPlan
from ops.bench.plan import Bench
from ops.bench.rounds import alternate

ROW = "volley, smsc list"
_PACE = 25_000
_SLOTS = 14  # what the family allows at once
_NOTE = "smsc: up to 100 messages with different texts in a request, 14 requests at once."


def run(bench: Bench) -> None:
    """One process, no latency."""
    sheet = bench.book.sheet("batch", "Many messages per request, 0 ms, one process", _NOTE)
    alternate(bench, sheet, {ROW: partial(_volley, bench)}, draining.RATE)


def _volley(bench: Bench) -> dict[str, float]:
    with arena(slots=_SLOTS) as place:
        count = int(_PACE * bench.plan.drain)
        return draining.volley(bench, place, count, account=AccountPlan(family="smsc"))
