"""Where an accepted message stands at a given moment: computed from the clock, never stored."""

from dataclasses import dataclass

from ops.sandbox.ledger import Message

WAITING = -1  # A4: waiting to be sent
ENROUTE = 0  # A4: handed to the operator


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


def standing_of(message: Message, now: float, timing: Timing) -> Standing:
    """Compute how far `message` has come at monotonic `now`."""
    ending, unix = message.ending, message.received_unix
    if message.refused and ending is not None:
        return Standing(status=ending.status, err=ending.err, letter=ending.letter, since=unix)
    age = now - message.received_at - message.delay
    if age < timing.enroute_after:
        return Standing(status=WAITING, since=unix)
    if ending is None or age < timing.final_after:
        return Standing(status=ENROUTE, letter="s", since=unix + message.delay + timing.enroute_after)
    since = unix + message.delay + timing.final_after
    return Standing(status=ending.status, err=ending.err, letter=ending.letter, since=since)
