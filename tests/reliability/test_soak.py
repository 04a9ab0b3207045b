"""The short form of the soak (`ops test --soak` takes an hour): rolling restarts, nothing held, nothing left."""

from pathlib import Path

import pytest

from tests.reliability.soak import soak
from tests.reliability.soak_measures import Life, Look, slope


async def test_a_steady_rate_with_rolling_restarts_leaves_nothing_and_sends_to_nobody_twice(tmp_path: Path) -> None:
    figures = await soak(12, 20, tmp_path)
    assert figures.complaints == []
    assert figures.messages == figures.accepted > 0
    assert figures.restarts >= 1
    assert figures.redis_clients["retired"] < figures.redis_clients["begin"], "the dead left their connections"


def test_the_slope_of_a_line_is_its_own_and_of_one_point_none() -> None:
    assert slope([(0.0, 5.0), (1.0, 7.0), (2.0, 9.0)]) == pytest.approx(2.0)
    assert slope([(0.0, 5.0)]) == 0.0


def test_memory_that_grows_by_a_kilobyte_a_second_grows_by_sixty_a_minute() -> None:
    """What comes in the first third is warming up and does not count."""
    looks = [Look(at=at, resident=(10**7 if at < 10 else 0) + 1000 * at, files=3, sockets=1) for at in range(30)]
    assert Life(name="x", is_rolled=False, looks=looks).slope == pytest.approx(60_000)
