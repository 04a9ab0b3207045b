"""`volley test --fuzz`: what it is told, what it says, and what its exit status is."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from ops import fuzzing
from ops.environment import Environment


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The modules that were run; `driver fuzz bad` breaks, and everything else is sound."""
    ran: list[list[str]] = []

    def run(_: Environment, module: Sequence[str], within: float) -> "subprocess.CompletedProcess[bytes]":
        assert within > 0
        ran.append(list(module))
        said = b"good\nbad\n" if module[1:] == ["list"] else b"stat::number_of_executed_units: 1200\n"
        is_bad = module[1:3] == ["fuzz", "bad"]
        noise = (
            b"#5 NEW\n === Uncaught Python exception: ===\nKeyError: 5\n==99== ERROR: libFuzzer\n" if is_bad else b""
        )
        return subprocess.CompletedProcess(list(module), int(is_bad), stdout=said, stderr=noise + said)

    monkeypatch.setattr(fuzzing, "_run", run)
    monkeypatch.setattr(fuzzing, "_WORK", tmp_path)
    monkeypatch.setattr(Environment, "provide", lambda *_: None)
    return ran


def test_each_target_gets_its_share_and_the_inputs_are_counted(
    told: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert fuzzing.run_fuzzing(["60", "good"]) == 0
    [_, fuzzed] = told
    assert fuzzed[:4] == ["tests.fuzz.driver", "fuzz", "good", "60.0"]
    assert "1,200 inputs for 1 targets" in capsys.readouterr().out


def test_a_defect_is_told_and_the_run_fails(told: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzzing.run_fuzzing(["10"]) == 1
    assert [module[:3] for module in told[1:]] == [
        ["tests.fuzz.grid"],
        ["tests.fuzz.driver", "fuzz", "good"],
        ["tests.fuzz.driver", "fuzz", "bad"],
    ]
    said = capsys.readouterr().out
    assert "BROKEN" in said
    assert "KeyError: 5" in said
    assert "#5 NEW" not in said


def test_an_unknown_target_is_named_with_those_that_are_known(told: list[list[str]]) -> None:
    with pytest.raises(click.UsageError, match="no target 'worse'; known: good, bad"):
        fuzzing.run_fuzzing(["worse"])
    assert len(told) == 1


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        ("import nowhere_at_all", "status 1:\n.*ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("print('good'); raise OSError('half way')", "named 1 targets and ended with status 1:\n.*OSError: half way"),
        ("", r"named 0 targets and ended with status 0:\n\(it wrote no error\)"),
    ],
)
def test_a_driver_that_cannot_tell_its_targets_ends_the_run_in_its_own_words(
    driver: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "tests" / "fuzz").mkdir(parents=True)
    (tmp_path / "tests" / "fuzz" / "driver.py").write_text(driver)
    monkeypatch.setattr(fuzzing, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(Environment, "provide", lambda *_: None)
    monkeypatch.setattr(Environment, "python", Path(sys.executable))
    with pytest.raises(click.ClickException, match=f"(?s)nothing was fuzzed: .*{words}"):
        fuzzing.run_fuzzing(["10"])
