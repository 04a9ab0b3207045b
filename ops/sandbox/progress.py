"""Where an accepted message stands at a given moment: computed from the clock, never stored."""

from dataclasses import dataclass

from ops.sandbox.ledger import Message
from ops.sandbox.scenarios import Ending

WAITING = -1  # A4: waiting to be sent
ENROUTE = 0  # A4: handed to the operator
EXPIRED = Ending(status=3)  # A4: `valid` ran out


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds after acceptance (or after the scheduled time) at which a message moves on."""

    enroute_after: float
    final_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A message's smsc status with `err`, its restv2 letter ("" until handed on), and since when (unix)."""

    status: int
    err: int = 0
    letter: str = ""
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a message ends, and how many seconds after it has left."""

    after: float
    ending: Ending


def standing_of(message: Message, now: float, timing: Timing) -> Standing:
    """Compute how far `message` has come at monotonic `now`."""
    unix = message.received_unix
    if message.refused and message.ending is not None:
        return _standing(message.ending, unix)
    age, end = now - message.received_at - message.delay, end_of(message, timing)
    if end is not None and age >= end.after:
        return _standing(end.ending, unix + message.delay + end.after)
    if age < timing.enroute_after:
        return Standing(status=WAITING, since=unix)
    return Standing(status=ENROUTE, letter="s", since=unix + message.delay + timing.enroute_after)


def end_of(message: Message, timing: Timing) -> End | None:
    """Say how and when `message` ends: it expires when its `valid` is over first. None: it is never reported."""
    if message.ending is None:
        return None
    if message.valid < timing.final_after:
        return End(after=message.valid, ending=EXPIRED)
    return End(after=timing.final_after, ending=message.ending)


def _standing(ending: Ending, since: float) -> Standing:
    return Standing(status=ending.status, err=ending.err, letter=ending.letter, since=since)
