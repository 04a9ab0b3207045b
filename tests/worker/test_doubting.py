"""When requests that leave only doubt close an account, and what opens it: pure, with times as they are given."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as some

from producer.contract.messages import Reference
from worker.doubting import Doubting, Finding
from worker.providers.outcomes import Block, Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain

DOUBT = Uncertain(code="plain.http", words="not understood")
TAKEN = Submitted(reference=Reference("p1"))
TELLING = [
    TAKEN,
    Rejected(code="plain.7", words="no"),
    Deferred(code="plain.9", words="later"),
    RouteBlocked(code="plain.3", words="no money", block=Block.MONEY),
]
NOBODY = RouteBlocked(code="volley.not_sent", words="no connection", block=Block.UNREACHABLE)
AFTER = 20

outcomes = some.sampled_from([DOUBT, NOBODY, *TELLING])
rows = some.lists(outcomes, max_size=120)


def taken(
    doubting: Doubting, requests: Sequence[Sequence[Outcome]], *, trial_at: float | None = None
) -> list[Finding | None]:
    """What each request brings, one a second from second 1 on; each took half a second."""
    return [
        doubting.take(each, left_at=second - 0.5, now=float(second), trial_at=trial_at)
        for second, each in enumerate(requests, start=1)
    ]


def test_so_many_in_a_row_are_too_many_and_one_fewer_is_not() -> None:
    assert taken(Doubting(AFTER), [[DOUBT]] * AFTER) == [None] * (AFTER - 1) + [Finding.DOUBT]


@pytest.mark.parametrize("clear", TELLING)
def test_any_answer_that_tells_something_ends_the_row(clear: Outcome) -> None:
    found = taken(Doubting(AFTER), [*[[DOUBT]] * (AFTER - 1), [clear], *[[DOUBT]] * (AFTER - 1)])
    assert set(found) == {None}


def test_one_message_that_is_clear_makes_its_whole_request_clear() -> None:
    assert set(taken(Doubting(AFTER), [[DOUBT, DOUBT, TAKEN]] * AFTER)) == {None}


def test_no_connection_neither_adds_to_the_row_nor_ends_it() -> None:
    found = taken(Doubting(AFTER), [*[[DOUBT]] * (AFTER - 1), [NOBODY] * 3, [DOUBT]])
    assert found[-2:] == [None, Finding.DOUBT]


@pytest.mark.parametrize(("messages", "requests"), [(1, 20), (25, 20), (26, 10), (100, 5)])
def test_large_requests_are_too_many_sooner(messages: int, requests: int) -> None:
    found = taken(Doubting(AFTER), [[DOUBT] * messages] * requests)
    assert found == [None] * (requests - 1) + [Finding.DOUBT]


def test_what_was_on_its_way_when_the_account_was_closed_does_not_close_it_again() -> None:
    doubting = Doubting(2)
    assert taken(doubting, [[DOUBT]] * 2)[-1] is Finding.DOUBT  # at second 2
    late = [doubting.take([DOUBT], left_at=1.9, now=20.0, trial_at=None) for _ in range(100)]
    assert set(late) == {None}
    assert doubting.take([DOUBT], left_at=2.1, now=21.0, trial_at=None) is None
    assert doubting.take([DOUBT], left_at=2.2, now=21.0, trial_at=None) is Finding.DOUBT


@pytest.mark.parametrize(("outcome", "found"), [(DOUBT, Finding.DOUBT), (TAKEN, Finding.TRUST), (NOBODY, None)])
def test_a_trial_decides_alone(outcome: Outcome, found: Finding | None) -> None:
    assert taken(Doubting(AFTER), [[outcome]], trial_at=0.25) == [found]


def test_what_left_before_the_trial_is_none() -> None:
    assert taken(Doubting(AFTER), [[DOUBT], [TAKEN]], trial_at=10.0) == [None, None]


@given(rows)
def test_it_is_found_exactly_when_the_row_is_full(row: list[Outcome]) -> None:
    """Against the plainest reading: count back to the last clear answer, or to the last time it was found."""
    found, length = [], 0
    for outcome in row:
        length = length + 1 if outcome == DOUBT else length if outcome == NOBODY else 0
        found.append(Finding.DOUBT if length == AFTER and outcome == DOUBT else None)
        length %= AFTER
    assert taken(Doubting(AFTER), [[each] for each in row]) == found


@given(rows, some.integers(min_value=2, max_value=30))
def test_no_more_than_so_many_leave_doubt_before_it_is_found(row: list[Outcome], after: int) -> None:
    found = taken(Doubting(after), [[each] for each in row])
    for first in range(len(row)):
        window = row[first : first + 2 * after - 1]
        if len(window) == 2 * after - 1 and set(window) == {DOUBT}:
            assert Finding.DOUBT in found[first : first + 2 * after - 1]


@given(rows, some.lists(some.booleans(), min_size=120, max_size=120))
def test_trust_is_found_only_by_a_trial(row: list[Outcome], trials: list[bool]) -> None:
    doubting = Doubting(AFTER)
    for second, (outcome, is_trial) in enumerate(zip(row, trials, strict=False), start=1):
        trial_at = second - 0.75 if is_trial else None
        found = doubting.take([outcome], left_at=second - 0.5, now=float(second), trial_at=trial_at)
        assert (found is Finding.TRUST) == (is_trial and outcome in TELLING)
