"""A few rows of the kill matrix (`ops test --kill-matrix` plays them all): nobody lost, nobody twice."""

import importlib
import inspect
from functools import reduce
from pathlib import Path

import pytest

from tests.reliability.killing_matrix import run
from tests.reliability.killing_points import IN_COMPANY, POINTS, SHORT


async def test_a_process_killed_at_a_named_point_loses_nobody_and_sends_to_nobody_twice(tmp_path: Path) -> None:
    rows = await run([(name, False) for name in SHORT], tmp_path, at_once=len(SHORT))
    assert {str(row.point): row.audit.complaints for row in rows if row.audit.complaints} == {}
    assert [row.audit.recipients for row in rows] == [80, 80, 80, 80, 40, 80]


@pytest.mark.parametrize("name", POINTS)
def test_every_point_of_the_matrix_names_a_call_that_there_is(name: str) -> None:
    """Whoever renames a method finds out here, not in the long run."""
    module, _, path = POINTS[name].place.partition(":")
    assert inspect.isfunction(reduce(getattr, path.split("."), importlib.import_module(module)))


def test_points_in_company_and_in_short_are_points() -> None:
    assert {*IN_COMPANY, *SHORT} <= set(POINTS)
