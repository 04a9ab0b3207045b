"""Every input that is kept: read again, each in little time and memory. What once broke something is among them."""

from pathlib import Path

import pytest

from tests.fuzz.bounds import seconds_of, within
from tests.fuzz.targets import CORPUS, TARGETS, Target


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_every_kept_input_has_a_defined_end(target: Target) -> None:
    cases = target.cases()
    assert cases, "a target without inputs is not tested at all"
    with within(seconds=30.0, megabytes=64):
        for path in cases:
            took = seconds_of(lambda path=path: _read(target, path))
            assert took < 2.0, f"{path.relative_to(CORPUS)} took {took:.2f} s"


def _read(target: Target, path: Path) -> None:
    data = path.read_bytes()
    try:
        target.outcome(data)
    except Exception as error:
        raise AssertionError(f"{path.relative_to(CORPUS)} ({data[:80]!r}): {error!r}") from error


def test_no_input_is_kept_for_a_target_that_is_gone() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_the_inputs_reach_more_than_the_first_refusal(target: Target) -> None:
    """Of every target at least one kept input is read to its end: else its promises were never looked at."""
    assert any(target.outcome(path.read_bytes()) == "read" for path in target.cases())
