"""What is to be reached (issue 4, "Reach"), each target with where its figure stands in the book."""

from typing import Final

from ops.bench.contenders import ARQ_TUNED, BARE, PEERS, VOLLEY
from ops.bench.draining import RATE
from ops.bench.rooms import batch, limit, recovery, redis_costs, submit, tracking, urgent
from ops.bench.rooms.distance import row as at_distance
from ops.bench.targets import Figure, Target, compared, figure, highest, last, lowest, ratio, worst

_FAR: Final = 0.001
_TUNED: Final = (ARQ_TUNED, *(peer.label for peer in PEERS))


def _drain(label: str, sheet: str = "drain") -> Figure:
    return figure(sheet, label, RATE)


def _of_bare(sheet: str) -> Figure:
    return compared(sheet, VOLLEY, BARE, RATE)


def _of_submits(label: str) -> Figure:
    return compared("submit", VOLLEY, label, submit.RATE)


def _far(distance: float, other: str, at: float) -> Figure:
    return compared("distance", at_distance(VOLLEY, distance), at_distance(other, at), RATE)


_VOLLEY_SUBMITS: Final = figure("submit", VOLLEY, submit.RATE)
_OF_BEST_SUBMIT: Final = worst(*map(_of_submits, submit.PEER_LABELS))
_OF_BEST_DRAIN: Final = worst(*(compared("drain", VOLLEY, peer, RATE) for peer in _TUNED))

_SUBMIT: Final = (
    Target(text="submit, × stock arq one by one", figure=_of_submits(submit.SINGLE), least=50),
    Target(text="submit, × the best peer", figure=_OF_BEST_SUBMIT, least=15),
    Target(text="submit, 1,000,000 rows, s", figure=ratio(lambda _: 1e6, _VOLLEY_SUBMITS), most=12),
    Target(text="submit, peak MB", figure=figure("submit", VOLLEY, submit.PEAK), most=250),
)
_DRAIN: Final = (
    Target(text="drain, 0 ms, of the bare loop", figure=_of_bare("drain"), least=0.85),
    Target(text="drain, 50 ms, 500 at once, of the bare loop", figure=_of_bare("drain-50ms-500"), least=0.88),
    Target(text="drain, 50 ms, 100 at once, of the bare loop", figure=_of_bare("drain-50ms-100"), least=0.97),
    Target(text="drain, 0 ms, × the best tuned peer", figure=_OF_BEST_DRAIN, least=5.5),
    Target(text="two processes, × one", figure=ratio(_drain(VOLLEY, "drain-2"), _drain(VOLLEY)), least=1),
    Target(
        text="append-only file on, of off",
        figure=compared("append-only", "append-only file on", "append-only file off", RATE),
        least=0.9,
    ),
    Target(
        text="beside 400 locked by a dead worker, of alone",
        figure=compared("beside-dead", recovery.BESIDE, recovery.ALONE, RATE),
        least=0.95,
    ),
    Target(text="many per request, messages/s (or the next)", figure=_drain(batch.ROW, "batch"), least=25_000),
    Target(
        text="many per request, × one per request",
        figure=ratio(_drain(batch.ROW, "batch"), _drain(VOLLEY)),
        least=10,
    ),
)
_LIMIT: Final = (
    Target(text="at the limit, lowest utilisation", figure=lowest("limit", limit.USED), least=0.98),
    Target(text="at the limit, most violations", figure=highest("limit", limit.VIOLATIONS), most=0),
    Target(text="urgent p99, ms", figure=figure("urgent", urgent.ROW, urgent.P99), most=150),
)
_DISTANCE: Final = (
    Target(text="Redis 1 ms away, of the loopback", figure=_far(_FAR, VOLLEY, 0.0), least=0.85),
    Target(text="Redis 1 ms away, × stock arq tuned", figure=_far(_FAR, ARQ_TUNED, _FAR), least=30),
)
_RECOVERY: Final = (
    Target(
        text="after SIGKILL, the last message, s",
        figure=figure("recovery", recovery.KILLED, recovery.LAST),
        most=30,
    ),
    Target(
        text="after SIGTERM, the next message, s",
        figure=figure("recovery", recovery.STOPPED, recovery.FIRST),
        most=1,
    ),
    Target(text="sent twice after either", figure=highest("recovery", recovery.DOUBLED), most=0),
    Target(text="left locked after either", figure=highest("recovery", recovery.LOCKED), most=0),
)
_REDIS: Final = (
    Target(text="Redis bytes per waiting recipient", figure=last("redis", redis_costs.WAITING), most=32),
    Target(
        text="Redis bytes per tracked message, restv2", figure=last("redis", redis_costs.TRACKED, "restv2"), most=250
    ),
    Target(text="Redis bytes per tracked message, smsc", figure=last("redis", redis_costs.TRACKED, "smsc"), most=250),
    Target(text="Redis commands per message", figure=figure("drain", VOLLEY, "commands"), most=4),
    Target(text="round trips per message", figure=figure("drain", VOLLEY, "round trips"), most=0.2),
)
_TRACKING: Final = tuple(
    Target(text=f"reports/s, {way.label}", figure=last("tracking", tracking.RATE, way.label), least=20_000)
    for way in (tracking.DRAIN, tracking.HISTORY, tracking.EXPORT)
)
TARGETS: Final = (*_SUBMIT, *_DRAIN, *_LIMIT, *_DISTANCE, *_RECOVERY, *_REDIS, *_TRACKING)
