"""What follows from an outcome: the event to record and the wait before the next attempt. Pure."""

from typing import Final, assert_never

from msgspec import Struct

from producer.contract.states import Event
from worker.providers.outcomes import Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain

_WAITS: Final = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Seconds before attempt 2, 3, … where the provider names none."""


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """What to record. `seconds`: until the next attempt, for DEFER."""

    event: Event
    code: str = ""
    seconds: float = 0.0


def next_step(outcome: Outcome, attempt: int, *, most: int, shortest: float) -> Step:
    """The step after attempt number `attempt` (from 1) of at most `most`; `shortest`: least wait, in
    seconds, where the provider's answer names none.

    A message that was deferred `most` times is rejected with the provider's last reason. A blocked route
    costs no attempt: the message goes back to its queue and waits for the account.
    """
    match outcome:
        case Submitted():
            return Step(event=Event.SUBMIT)
        case Rejected(code=code):
            return Step(event=Event.REJECT, code=code)
        case Uncertain(code=code):
            return Step(event=Event.DOUBT, code=code)
        case RouteBlocked(code=code):
            return Step(event=Event.RELEASE, code=code)
        case Deferred(code=code) if attempt >= most:
            return Step(event=Event.REJECT, code=code)
        case Deferred(code=code, retry_in=retry_in):
            usual = max(_WAITS[min(attempt, len(_WAITS)) - 1], shortest)
            return Step(event=Event.DEFER, code=code, seconds=usual if retry_in is None else retry_in)
        case _:
            assert_never(outcome)
