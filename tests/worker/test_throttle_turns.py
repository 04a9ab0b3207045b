"""Turns on this process' clock: never early, good for a moment, and nothing is lost to a Redis that is far away."""

import pytest

from worker.throttle.jitter import STEPS
from worker.throttle.turns import Turns

LATE = STEPS[0]


def leased(turns: Turns, *, asked: float = 100.0, trip: float = 0.001, permits: int = 3, gap: float = 0.1) -> None:
    turns.lease(permits, asked=asked, answered=asked + trip, opens_in=0.5, gap=gap)


def test_permits_open_one_after_another_no_sooner_than_redis_can_have_meant() -> None:
    turns = Turns()
    leased(turns, trip=0.004)
    opens = [turn.opens for _ in range(3) if (turn := turns.next(100.0))]
    assert opens == pytest.approx([100.504, 100.604, 100.704])
    assert turns.next(100.0) is None


def test_what_nobody_used_in_its_turn_is_lost_and_the_next_one_is_not() -> None:
    turns = Turns()
    leased(turns)
    turn = turns.next(100.501 + LATE + 0.001)
    assert turn is not None
    assert turn.opens == pytest.approx(100.601)
    assert turns.lost == 1
    assert turns.is_kept(turn, turn.due + LATE - 0.001)
    assert not turns.is_kept(turn, turn.due + LATE + 0.001)
    assert turns.lost == 2


def test_an_answer_that_took_longer_than_usual_may_have_lain_about() -> None:
    """Redis gave the permit at the time at which it was asked for: its turn is over before it is known here."""
    turns = Turns()
    leased(turns, asked=100.0, permits=1)
    leased(turns, asked=200.0, permits=1, trip=0.001 + LATE / 2)
    leased(turns, asked=300.0, permits=1, trip=0.001 + LATE * 2)
    assert turns.next(100.0)
    assert turns.next(200.0)
    assert turns.next(300.0) is None
    assert turns.lost == 1


def test_a_redis_that_is_always_far_away_costs_nothing() -> None:
    turns = Turns()
    for asked in range(100, 200):
        leased(turns, asked=asked, trip=0.2, permits=1)
        assert turns.next(asked + 0.2)
    assert turns.lost == 0


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
