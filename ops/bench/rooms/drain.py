"""One request per message: Volley beside a bare loop, stock arq and the peers; with latency; with processes."""

from dataclasses import replace
from functools import partial

from ops.bench import draining
from ops.bench.arena import arena
from ops.bench.contenders import ARQ, BARE, PEERS, STOCK, VOLLEY, Contender
from ops.bench.plan import Bench
from ops.bench.rounds import Measure, alternate, more_rounds

_PACE = 12_000
_FEW_SLOTS = 100
_MANY_SLOTS = 500
_LATENCY = 0.05
_ROUNDS_OF_PROCESSES = 2
_FEWEST = 300
_NOTE = "Columns in µs are processor time per message; commands and bytes are Redis', per message."


def run(bench: Bench) -> None:
    """Everybody at zero latency; then, in larger plans, with 50 ms and with several processes."""
    at_once = bench.book.sheet("drain", f"One request per message, 0 ms, {_FEW_SLOTS} at once, one process", _NOTE)
    alternate(bench, at_once, _everybody(bench, slots=_FEW_SLOTS), draining.RATE)
    if bench.plan.is_whole:
        _with_latency(bench)
    for processes in bench.plan.processes:
        _with_processes(bench, processes)
    if bench.plan.is_whole:
        _without_append_only(bench)


def _with_latency(bench: Bench) -> None:
    for slots, everybody in ((_MANY_SLOTS, True), (_FEW_SLOTS, False)):
        title = f"One request per message, 50 ms, {slots} at once, one process"
        sheet = bench.book.sheet(f"drain-50ms-{slots}", title, _NOTE)
        pace = min(_PACE, int(slots / _LATENCY))
        if everybody:
            contenders = _everybody(bench, slots=slots, latency=_LATENCY, pace=pace)
            alternate(bench, sheet, contenders, draining.RATE)
        else:
            contenders = _two(bench, slots=slots, latency=_LATENCY, pace=pace)
            alternate(more_rounds(bench), sheet, contenders, draining.RATE)


def _with_processes(bench: Bench, processes: int) -> None:
    sheet = bench.book.sheet(f"drain-{processes}", f"One request per message, 0 ms, {processes} processes", _NOTE)
    volley = {VOLLEY: partial(_volley, bench, slots=_FEW_SLOTS, processes=processes)}
    fewer = replace(bench, rounds=min(bench.rounds, _ROUNDS_OF_PROCESSES))
    alternate(fewer, sheet, volley | _queues(bench, _FEW_SLOTS, 0.0, processes), draining.RATE)


def _without_append_only(bench: Bench) -> None:
    sheet = bench.book.sheet("append-only", "Redis' append-only file on and off, 0 ms, one process", _NOTE)
    modes = {"on": True, "off": False}
    contenders = {
        f"append-only file {word}": partial(_volley, bench, slots=_FEW_SLOTS, append_only=mode)
        for word, mode in modes.items()
    }
    alternate(more_rounds(bench), sheet, contenders, draining.RATE)


def _everybody(bench: Bench, *, slots: int, latency: float = 0.0, pace: int = _PACE) -> dict[str, Measure]:
    return _two(bench, slots=slots, latency=latency, pace=pace) | _queues(bench, slots, latency)


def _two(bench: Bench, *, slots: int, latency: float = 0.0, pace: int = _PACE) -> dict[str, Measure]:
    return {
        BARE: partial(_bare, bench, slots=slots, latency=latency, pace=pace),
        VOLLEY: partial(_volley, bench, slots=slots, latency=latency, pace=pace),
    }


def _queues(bench: Bench, slots: int, latency: float, processes: int = 1) -> dict[str, Measure]:
    queues = STOCK + PEERS if bench.peers else STOCK
    return {
        queue.label: partial(_queue, bench, queue, slots, latency, processes)
        for queue in queues
        if queue.label != ARQ or (processes == 1 and not latency)
    }


def _bare(bench: Bench, *, slots: int, latency: float, pace: int) -> dict[str, float]:
    with arena(slots=slots, latency=latency) as place:
        return draining.bare(bench, place, int(pace * bench.plan.drain))


def _volley(
    bench: Bench,
    *,
    slots: int,
    latency: float = 0.0,
    pace: int = _PACE,
    processes: int = 1,
    append_only: bool = True,
) -> dict[str, float]:
    with arena(slots=slots, latency=latency, append_only=append_only) as place:
        return draining.volley(bench, place, int(pace * bench.plan.drain), processes)


def _queue(bench: Bench, queue: Contender, slots: int, latency: float, processes: int) -> dict[str, float]:
    with arena(slots=slots, latency=latency) as place:
        return draining.queue(bench, place, queue, max(_FEWEST, int(queue.pace * bench.plan.drain)), processes)
