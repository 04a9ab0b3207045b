"""The short form of the soak (`ops test --soak` takes an hour): rolling restarts, nothing held, nothing left."""

import os
import random
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.reliability.soak import soak
from tests.reliability.soak_figures import Figures, judge
from tests.reliability.soak_measures import Generation, Life, Look, slope
from tests.reliability.soak_rest import ALLOWED, Rest, too_much
from tests.support import running


async def test_a_steady_rate_with_rolling_restarts_leaves_nothing_and_sends_to_nobody_twice(tmp_path: Path) -> None:
    figures = await soak(12, 20, tmp_path)
    assert figures.complaints == []
    assert figures.messages == figures.accepted > 0
    assert figures.restarts >= 1
    assert figures.redis_clients["workers have left"] < figures.redis_clients["begin"], (
        "the dead left their connections"
    )


def test_the_slope_of_a_line_is_its_own_and_of_too_few_points_there_is_none() -> None:
    found = slope([(float(at), 5.0 + 2.0 * at) for at in range(20)])
    assert found is not None
    assert (found.best, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))
    assert found.is_rise
    assert slope([(float(at), 5.0) for at in range(19)]) is None
    assert slope([(1.0, 5.0)] * 40) is None


def test_what_only_swings_does_not_rise() -> None:
    """The line through a memory that goes up and down has some slope; it lies within what chance gives."""
    chance = random.Random(7)
    found = slope([(float(at), 60e6 + 1e6 * chance.random()) for at in range(200)])
    assert found is not None
    assert found.low < 0 < found.high
    assert not found.is_rise


def test_memory_that_grows_by_a_kilobyte_a_second_grows_by_sixty_a_minute() -> None:
    """What comes in the first half of a process' life is warming up and does not count."""
    looks = [Look(at=at, resident=(10**7 if at < 30 else 0) + 1000 * at, files=3, sockets=1) for at in range(60)]
    found = Generation(pid=1, looks=looks).slope
    assert found is not None
    assert found.best == pytest.approx(60_000)


def test_a_process_that_follows_another_is_a_generation_of_its_own() -> None:
    life = Life(name="x", is_rolled=True)
    with running([sys.executable, "-c", "input()"], stdin=PIPE) as other:
        for pid in (os.getpid(), os.getpid(), other.pid):
            life.look(pid, 1.0)
        life.look(other.pid, 2.0)
    life.look(other.pid, 3.0)  # it has ended
    assert [len(each.looks) for each in life.generations] == [2, 2]
    assert all(look.resident > 0 and look.files > 0 for look in life.looks)


def test_a_process_that_grows_for_long_is_complained_of_and_one_that_did_not_live_so_long_is_not() -> None:
    told = {seconds: Figures(seconds=seconds, rate=1) for seconds in (300.0, 3600.0)}
    for seconds, figures in told.items():
        looks = [
            Look(at=seconds * part / 99, resident=int(6e7 + 5000 * seconds * part / 99), files=3, sockets=1)
            for part in range(100)
        ]
        judge(figures, [Life(name="x", is_rolled=False, generations=[Generation(pid=1, looks=looks)])])
    assert told[300.0].complaints == []
    assert told[3600.0].complaints == ["x: 300 kB a minute"]


def test_what_is_left_without_a_row_that_allows_it_or_beyond_its_bound_is_complained_of() -> None:
    assert too_much(ALLOWED) == []
    journal = ALLOWED["volley:account:*:journal"]
    found = {
        "volley:account:*:ref:*": Rest(keys=1, bytes=100),
        "volley:account:*:journal": Rest(keys=2, bytes=journal.bytes + 1),
        "volley:throttle:*:window:*": Rest(keys=13),
    }
    assert too_much(found) == [
        f"{journal.bytes + 1} bytes of volley:account:*:journal are left, allowed are {journal.bytes}",
        "1 keys volley:account:*:ref:* are left, allowed are 0",
        "13 keys volley:throttle:*:window:* are left, allowed are 12",
    ]
