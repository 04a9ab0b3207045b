"""The suite's second look: what failed beside others is asked alone, few of them, and never a proof."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops import suite
from ops.suite import MOST, PROOFS, may_be_unsteady, run_suite

_PASSES = "def test_steady(): pass\n"
_FAILS = "def test_broken(): assert False\n"
_ONCE = """import pathlib
def test_unsteady():
    before = pathlib.Path("before")
    if not before.exists():
        before.touch()
        assert False
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(suite, "IN_PARALLEL", ("-n1",))  # four processes each time, and nothing for them to do
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\ntestpaths = ["tests"]\n')
    (tmp_path / "tests/reliability").mkdir(parents=True)
    (tmp_path / "tests/test_steady.py").write_text(_PASSES)
    return tmp_path


def _run_all(checkout: Path) -> tuple[int, int]:
    """The exit status, and how often pytest ran."""
    ran: list[int] = []

    def run(command: Sequence[str]) -> int:
        ran.append(subprocess.run(command, cwd=checkout, check=False).returncode)
        return ran[-1]

    return run_suite(run, checkout), len(ran)


def test_what_passes_is_run_once(checkout: Path) -> None:
    assert _run_all(checkout) == (0, 1)


def test_what_fails_beside_others_and_passes_alone_is_named_as_unsteady(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "tests/test_once.py").write_text(_ONCE)
    assert _run_all(checkout) == (0, 2)
    assert capsys.readouterr().out.endswith("unsteady, to be mended: tests/test_once.py::test_unsteady\n")


def test_what_fails_alone_too_has_failed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "tests/test_once.py").write_text(_ONCE)
    (checkout / "tests/test_broken.py").write_text(_FAILS)
    assert _run_all(checkout) == (1, 2)
    assert "unsteady" not in capsys.readouterr().out


def test_a_proof_is_not_asked_twice(checkout: Path) -> None:
    (checkout / "tests/reliability/test_once.py").write_text(_ONCE)
    assert _run_all(checkout) == (1, 1)


def test_many_that_fail_are_no_accident(checkout: Path) -> None:
    for number in range(MOST + 1):
        (checkout / f"tests/test_broken_{number}.py").write_text(_FAILS)
    assert _run_all(checkout) == (1, 1)


def test_a_file_that_does_not_import_has_failed(checkout: Path) -> None:
    (checkout / "tests/test_torn.py").write_text("import")
    status, _ = _run_all(checkout)
    assert status not in {0, 5}


def test_failures_of_an_earlier_run_are_forgotten(checkout: Path) -> None:
    torn = checkout / "tests/test_broken.py"
    torn.write_text(_FAILS)
    assert _run_all(checkout) == (1, 2)
    torn.unlink()
    (checkout / "tests/test_once.py").write_text(_ONCE)
    assert _run_all(checkout) == (0, 2)


def test_only_a_few_may_be_unsteady_and_no_proof() -> None:
    names = [f"tests/test_a.py::test_{number}" for number in range(MOST + 1)]
    assert may_be_unsteady(names[:MOST])
    assert not may_be_unsteady(names)
    assert not may_be_unsteady([])
    assert not may_be_unsteady([names[0], f"{PROOFS[0]}test_short.py::test_nobody_twice"])


def test_the_proofs_are_where_they_are_looked_for() -> None:
    folder = Path(__file__).parents[2]
    assert all((folder / proof).exists() for proof in PROOFS)
