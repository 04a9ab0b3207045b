"""What follows from an outcome, as a table."""

import pytest

from producer.contract.messages import Reference
from producer.contract.states import Event
from worker.providers.outcomes import Block, Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain
from worker.retrying import Step, next_step

TAKEN = Submitted(reference=Reference("p1"))
NEVER = Rejected(code="plain.7", words="never")
PERHAPS = Uncertain(code="plain.0", words="perhaps")
NO_MONEY = RouteBlocked(code="plain.3", words="no money", block=Block.MONEY)
LATER = Deferred(code="plain.9", words="later")
IN_A_MINUTE = Deferred(code="plain.9", words="later", retry_in=60.0)
AT_ONCE = Deferred(code="plain.1", words="alone", retry_in=0.0)


@pytest.mark.parametrize(
    ("outcome", "attempt", "step"),
    [
        (TAKEN, 1, Step(event=Event.SUBMIT)),
        (TAKEN, 9, Step(event=Event.SUBMIT)),
        (NEVER, 1, Step(event=Event.REJECT, code="plain.7")),
        (PERHAPS, 1, Step(event=Event.DOUBT, code="plain.0")),
        (PERHAPS, 9, Step(event=Event.DOUBT, code="plain.0")),
        (NO_MONEY, 1, Step(event=Event.RELEASE, code="plain.3")),
        (NO_MONEY, 9, Step(event=Event.RELEASE, code="plain.3")),
        (LATER, 1, Step(event=Event.DEFER, code="plain.9", seconds=10.0)),
        (LATER, 2, Step(event=Event.DEFER, code="plain.9", seconds=30.0)),
        (LATER, 3, Step(event=Event.DEFER, code="plain.9", seconds=120.0)),
        (LATER, 4, Step(event=Event.DEFER, code="plain.9", seconds=600.0)),
        (LATER, 5, Step(event=Event.REJECT, code="plain.9")),
        (LATER, 6, Step(event=Event.REJECT, code="plain.9")),
        (IN_A_MINUTE, 1, Step(event=Event.DEFER, code="plain.9", seconds=60.0)),
        (IN_A_MINUTE, 5, Step(event=Event.REJECT, code="plain.9")),
        (AT_ONCE, 1, Step(event=Event.DEFER, code="plain.1", seconds=0.0)),
    ],
)
def test_each_outcome_has_its_step(outcome: Outcome, attempt: int, step: Step) -> None:
    assert next_step(outcome, attempt, most=5, shortest=10.0) == step


def test_waits_grow_and_stay_at_the_longest() -> None:
    waits = [next_step(LATER, attempt, most=100, shortest=1.0).seconds for attempt in range(1, 20)]
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2] == 1800.0
