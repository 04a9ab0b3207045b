"""Recovery: a worker beside jobs that a dead one locked; work taken up after a kill and a SIGTERM; nothing twice."""

import json
import signal
import time
from functools import partial
from typing import Final

from ops.bench import arrivals, draining
from ops.bench.arena import Arena, arena
from ops.bench.draining import AccountPlan
from ops.bench.plan import Bench
from ops.bench.rounds import alternate, more_rounds
from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.states import State

ALONE: Final = "alone"
BESIDE: Final = "beside 400 locked by a dead worker"
FIRST: Final = "first again s"
LAST: Final = "last s"
DOUBLED: Final = "sent twice"
LOCKED: Final = "left locked"
KILLED: Final = "after SIGKILL"
STOPPED: Final = "after SIGTERM"
_LOCKED: Final = 400
_FREE: Final = 100
"""Slots of the living worker in both cases: the dead one may have requests on the way, and keeps its own."""

_NEVER: Final = 3600.0
_LATENCY: Final = 0.05
_AT_ONCE: Final = 100
_PACE: Final = 12_000
_OPEN: Final = (State.QUEUED, State.IN_FLIGHT, State.DEFERRED)
_ENDS: Final = {STOPPED: signal.SIGTERM, KILLED: signal.SIGKILL}
_BESIDE_NOTE: Final = (
    "The living worker has 100 requests at once in both cases: what the dead one had on the wire counts against the"
    " account's limit until its time is over."
)
_NOTE: Final = (
    "One of two send workers ends in the middle of a campaign, with a track worker beside them (50 ms, 100 at once)."
    " first again: until the next request; last: until the last message that may be sent was sent, the rest of the"
    " campaign included. What was on the wire at a kill is uncertain and is not sent again."
)


def run(bench: Bench) -> None:
    """The rate beside a dead worker's locks, then both ends; quick: the end that needs no waiting."""
    if bench.plan.is_whole:
        sheet = bench.book.sheet("beside-dead", "A worker beside jobs locked by a dead one, 0 ms", _BESIDE_NOTE)
        contenders = {ALONE: partial(_drained, bench, locked=0), BESIDE: partial(_drained, bench, locked=_LOCKED)}
        alternate(more_rounds(bench), sheet, contenders, draining.RATE)
    ends = bench.book.sheet("recovery", "Work taken up after a worker ended", _NOTE)
    for label, number in _ENDS.items() if bench.plan.is_whole else list(_ENDS.items())[:1]:
        figures = _ended(bench, number)
        ends.add(label, figures)
        bench.say(f"recovery: {label}: first after {figures[FIRST]:.2f} s, last after {figures[LAST]:.1f} s")


def _drained(bench: Bench, *, locked: int) -> dict[str, float]:
    with arena(slots=_FREE + locked, latency=_NEVER if locked else 0.0) as place:
        draining.configure(place, AccountPlan())
        if locked:
            _lock(bench, place, locked)
        count = int(_PACE * bench.plan.drain)
        workers = draining.start_workers(place, 1)
        draining.submit(bench, place, count)
        return draining.measured(place, workers, locked + count, since=locked)


def _lock(bench: Bench, place: Arena, locked: int) -> None:
    """Let a worker claim so many messages that are never answered, and kill it."""
    draining.start_workers(place, 1, name="dying")
    draining.submit(bench, place, locked)
    place.wait_until(lambda: place.counted()["messages"] >= locked, "every message on the wire")
    place.family.end("dying 0", signal.SIGKILL)
    place.ask("/latency/0")


def _ended(bench: Bench, number: signal.Signals) -> dict[str, float]:
    with arena(slots=_AT_ONCE, latency=_LATENCY) as place:
        draining.configure(place, AccountPlan(), more="[tracking]\npoll_every = 1\n")
        count = int(_AT_ONCE / _LATENCY * bench.plan.drain) * 2
        draining.start_workers(place, 1, role="track", name="tracker")
        draining.start_workers(place, 2)
        campaign = str(draining.submit(bench, place, count)["campaign"])
        place.wait_until(lambda: place.counted()["messages"] >= count / 2, "half of the messages")
        moment = time.monotonic()
        place.family.end("worker 0", number)
        place.wait_until(lambda: not _open(place, campaign), "the rest of the campaign")
        times = [at for at in arrivals.unpacked(place.ask("/arrivals")) if at > moment]
        counts = _counts(place, campaign)
        return {
            FIRST: times[0] - moment if times else 0.0,
            LAST: times[-1] - moment if times else 0.0,
            DOUBLED: float(json.loads(place.ask("/doubled"))),
            LOCKED: float(_open(place, campaign)),
            "uncertain": float(counts.get(State.UNCERTAIN, 0)),
            "longest gap s": arrivals.longest_gap(times),
        }


def _open(place: Arena, campaign: str) -> int:
    counts = _counts(place, campaign)
    return sum(counts.get(state, 0) for state in _OPEN)


def _counts(place: Arena, campaign: str) -> dict[str, int]:
    counts = place.redis.hgetall(keys.counts(CampaignId(campaign)))
    return {state.decode(): int(number) for state, number in counts.items()}
