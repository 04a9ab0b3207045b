"""Turns on this process' clock: never early, good for a moment, and nothing is lost to a Redis that is far away."""

import pytest

from worker.throttle.jitter import STEPS
from worker.throttle.turns import Turns

LATE = STEPS[0]


AHEAD = 1_700_000_000.0
"""Seconds by which Redis' clock is ahead of this process'."""


def leased(
    turns: Turns, *, asked: float = 100.0, there: float = 0.0, back: float = 0.001, permits: int = 3, gap: float = 0.1
) -> None:
    """A lease half a second ahead, whose request was `there` seconds on its way, and its answer `back`."""
    answered = asked + there + back
    turns.lease(permits, asked=asked, answered=answered, clock=AHEAD + asked + there, opens_in=0.5, gap=gap)


def dues(turns: Turns, now: float) -> list[float]:
    found = []
    while turn := turns.next(now):
        found.append(turn.due)
    return found


def test_permits_are_due_one_after_another() -> None:
    turns = Turns()
    leased(turns)
    assert dues(turns, 100.0) == pytest.approx([100.501, 100.601, 100.701])


def test_what_nobody_used_in_its_turn_is_lost_and_the_next_one_is_not() -> None:
    turns = Turns()
    leased(turns)
    turn = turns.next(100.501 + LATE + 0.001)
    assert turn is not None
    assert turn.due == pytest.approx(100.601)
    assert turns.lost == 1
    assert turns.is_kept(turn, turn.due + LATE - 0.001)
    assert not turns.is_kept(turn, turn.due + LATE + 0.001)
    assert turns.lost == 2


@pytest.mark.parametrize(("there", "back"), [(0.3, 0.001), (0.0, 0.3), (0.2, 0.2)])
def test_an_answer_that_took_long_shifts_no_turn(there: float, back: float) -> None:
    """Wherever it stood still: on its way to Redis, back, or here before it was read."""
    turns = Turns()
    leased(turns, permits=0)
    leased(turns, asked=200.0, there=there, back=back, permits=1)
    assert dues(turns, 200.0) == pytest.approx([200.501 + there], abs=1e-5)


def test_a_turn_that_was_over_before_its_answer_was_read_is_lost() -> None:
    turns = Turns()
    leased(turns, permits=0)
    leased(turns, asked=200.0, back=0.501 + LATE * 2, permits=1)
    assert turns.next(200.501 + LATE * 2) is None
    assert turns.lost == 1


def test_a_redis_that_is_always_far_away_costs_nothing() -> None:
    turns = Turns()
    for asked in range(100, 200):
        leased(turns, asked=asked, there=0.3, back=0.3, permits=1)
        assert turns.next(asked + 0.6)
    assert turns.lost == 0


@pytest.mark.parametrize("pace", [0.5, 0.7, 1.3, 2.0])
def test_a_clock_that_runs_wrong_shifts_a_turn_by_no_more_than_the_round_trip(pace: float) -> None:
    turns = Turns()
    for second in range(100, 200):
        asked, answered = second * pace, (second + 0.01) * pace
        turns.lease(1, asked=asked, answered=answered, clock=AHEAD + second + 0.005, opens_in=0.0, gap=0.1)
        turn = turns.next(asked)
        assert turn is not None
        assert asked <= turn.due <= answered


def test_redis_clock_may_be_set_back_or_forward() -> None:
    turns = Turns()
    for asked, jump in ((100.0, 0.0), (200.0, 3600.0), (300.0, -3600.0), (400.0, 0.0)):
        turns.lease(1, asked=asked, answered=asked + 0.01, clock=AHEAD + jump + asked, opens_in=0.5, gap=0.1)
        turn = turns.next(asked)
        assert turn is not None
        assert asked + 0.5 <= turn.due <= asked + 0.51


def test_one_request_in_twenty_seconds_may_be_late_by_as_much_of_its_time() -> None:
    turns = Turns()
    leased(turns, permits=1, gap=20.0)
    turn = turns.next(100.0)
    assert turn is not None
    assert turns.is_kept(turn, turn.due + 20 * LATE - 0.01)
    assert not turns.is_kept(turn, turn.due + 20 * LATE + 0.01)


def test_permits_that_are_not_used_are_no_lost_ones() -> None:
    turns = Turns()
    leased(turns)
    turns.drop(2)
    assert turns.next(100.0)
    turns.drop(5)
    assert turns.next(200.0) is None
    assert turns.lost == 0
