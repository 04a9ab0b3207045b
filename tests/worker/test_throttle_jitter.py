"""How late permits may be: what costs least is chosen, and nobody is late by more than all have long known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.throttle.jitter import STEPS, Jitter, cheapest

WINDOW = 1.0


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        ([0.0] * 200, 0.01),
        ([0.0] * 199 + [0.05], 0.01),  # half a hundredth is lost, more room would cost more
        ([0.0] * 190 + [0.018] * 10, 0.02),
        ([0.035] * 200, 0.04),
        ([0.07] * 100 + [0.01] * 100, 0.08),
        ([0.001] * 150 + [5.0] * 50, 0.01),  # nothing helps these
        ([0.15] * 200, 0.16),
    ],
)
def test_the_step_is_chosen_that_loses_the_least(seen: list[float], step: float) -> None:
    assert cheapest(seen) == step


def test_a_busy_machine_is_told_first_and_allowed_a_window_later() -> None:
    jitter = Jitter()
    for _ in range(200):
        jitter.note(0.035, 10.0)
    assert jitter.told(10.0) == 0.04
    assert jitter.most(99.0) == 0.01, "the throttle has not answered"
    jitter.known(100.0)
    assert jitter.most(100.0 + WINDOW) == 0.01
    assert jitter.most(101.4) == 0.04


def test_a_machine_that_is_idle_again_gives_the_rate_back_a_window_later() -> None:
    jitter = Jitter()
    for late, now in ((0.035, 10.0), (0.0, 20.0)):
        for _ in range(200):
            jitter.note(late, now)
        told = jitter.told(now)
        jitter.known(now)
        most = jitter.most(now + 2)
    assert (told, most) == (0.04, 0.01), "no permit may be late any more, and all leave room for those that are"
    assert jitter.told(20.0 + WINDOW) == 0.04
    assert jitter.told(21.4) == 0.01


def test_what_was_seen_long_ago_is_forgotten_and_a_few_permits_teach_nothing() -> None:
    jitter = Jitter()
    for _ in range(15):
        jitter.note(0.035, 1.0)
    assert jitter.told(1.0) == 0.01
    for _ in range(15):
        jitter.note(0.035, 2.0)
    assert jitter.told(13.0) == 0.01
    for _ in range(20):
        jitter.note(0.035, 13.0)
    assert jitter.told(14.0) == 0.04


moves = st.lists(
    st.tuples(st.floats(0, 2), st.sampled_from(["calm", "busy", "worse", "ask", "answer", "lease"])), max_size=60
)


@given(moves)
def test_nobody_is_later_than_all_have_known_for_a_window_and_still_know(steps: list[tuple[float, str]]) -> None:
    """`told` is never below what a permit was allowed within the last window; `most` never above what was known."""
    jitter, now = Jitter(), 0.0
    known = [(-10.0, STEPS[0])]  # what Redis knows, from when
    allowed: list[tuple[float, float]] = []
    asked: float | None = None
    for seconds, move in steps:
        now += seconds
        match move:
            case "calm" | "busy" | "worse":
                for _ in range(150):
                    jitter.note({"calm": 0.0, "busy": 0.03, "worse": 0.1}[move], now)
            case "ask":
                asked = jitter.told(now)
                assert all(most <= asked for at, most in allowed if at >= now - WINDOW)
            case "answer" if asked is not None:
                known.append((now, asked))
                jitter.known(now)
                asked = None
            case "lease":
                most = jitter.most(now)
                allowed.append((now, most))
                before = [value for at, value in known if at <= now - WINDOW][-1]
                assert most <= min([before, *(value for at, value in known if at > now - WINDOW)])
            case _:
                pass
