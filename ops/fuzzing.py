"""`volley test --fuzz [SECONDS] [TARGET …]`: coverage-guided fuzzing of every parser, in an environment of its own.

The targets are those of `tests/fuzz/targets.py`; each gets an equal share of the time. What reached new code
stays in `.volley/fuzz` for the next run; an input that broke something is named, and makes the run fail.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from ops.environment import Environment

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_WORK: Final = _CHECKOUT / ".volley" / "fuzz"
_LOCK: Final = "requirements.lock"
_SECONDS: Final = 300.0
_SEED: Final = 20261121
_PATIENCE: Final = 120.0  # seconds beside its own that a target may take to start and to end
_LONGEST_GRID: Final = 3600.0
_TIMED_OUT: Final = 124
_SHOWN: Final = 2000  # bytes of what libFuzzer said last
_INPUTS: Final = re.compile(rb"stat::number_of_executed_units:\s*(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one target. `defects`: the inputs that broke it, in this run or before."""

    target: str
    inputs: int
    defects: tuple[Path, ...]
    is_sound: bool


def run_fuzzing(arguments: Sequence[str]) -> int:
    """Fuzz; 0 when nothing broke, 1 when something did.

    UsageError for an unknown target; ClickException, with the driver's words, when it cannot tell its targets.
    """
    seconds, chosen = _told(arguments)
    environment = Environment(folder=_CHECKOUT / ".venv-fuzz", locks=_CHECKOUT / "tests" / "fuzz")
    environment.provide(_LOCK)
    known = _list_targets(environment)
    if unknown := [name for name in chosen if name not in known]:
        raise click.UsageError(f"no target {unknown[0]!r}; known: {', '.join(known)}")
    names = chosen or known
    tried = [] if chosen else [_repeat(environment)]
    tried += [_try(environment, name, seconds / len(names)) for name in names]
    click.secho(f"{sum(each.inputs for each in tried):,} inputs for {len(names)} targets, seed {_SEED}", bold=True)
    return 0 if all(each.is_sound for each in tried) else 1


def _told(arguments: Sequence[str]) -> tuple[float, list[str]]:
    """The seconds, and the names of targets (none: all)."""
    first, *rest = [*arguments, ""]
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", first):
        return float(first), [name for name in rest if name]
    return _SECONDS, [name for name in arguments if name]


def _list_targets(environment: Environment) -> list[str]:
    done = _run(environment, ["tests.fuzz.driver", "list"], _PATIENCE)
    known = done.stdout.decode().split()
    if done.returncode or not known:
        said = done.stderr[-_SHOWN:].decode(errors="replace").strip() or "(it wrote no error)"
        came = f"the driver named {len(known)} targets and ended with status {done.returncode}"
        raise click.ClickException(f"nothing was fuzzed: {came}:\n{said}")
    return known


def _repeat(environment: Environment) -> Tried:
    """The repetitions: no fuzzing, because what takes long is longer than what a fuzzer tries."""
    done = _run(environment, ["tests.fuzz.grid"], _LONGEST_GRID)
    count = _INPUTS.search(done.stdout)
    tried = Tried(
        target="repetitions", inputs=int(count[1]) if count else 0, defects=(), is_sound=not done.returncode
    )
    _show(tried, done.stdout + done.stderr)
    return tried


def _try(environment: Environment, name: str, seconds: float) -> Tried:
    folder = _WORK / name
    arguments = ["tests.fuzz.driver", "fuzz", name, str(seconds), str(_SEED), os.fspath(folder)]
    done = _run(environment, arguments, seconds + _PATIENCE)
    count = _INPUTS.search(done.stderr)
    is_sound = done.returncode == 0 and count is not None
    defects = tuple(sorted((folder / "defects").glob("*"))) if not is_sound else ()
    tried = Tried(target=name, inputs=int(count[1]) if count else 0, defects=defects, is_sound=is_sound)
    _show(tried, done.stderr)
    return tried


def _run(environment: Environment, module: Sequence[str], within: float) -> subprocess.CompletedProcess[bytes]:
    """Run a module of the tests at the lowest priority; status 124 when it does not end within so many seconds."""
    command = ["nice", "-n", "19", os.fspath(environment.python), "-m", *module]
    try:
        return subprocess.run(command, cwd=_CHECKOUT, capture_output=True, timeout=within, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        words = f"it did not end within {within:.0f} s"
        return subprocess.CompletedProcess(command, _TIMED_OUT, stdout=b"", stderr=words.encode())


def _show(tried: Tried, said: bytes) -> None:
    click.echo(f"{tried.target:20} {tried.inputs:>12,} inputs  {'sound' if tried.is_sound else 'BROKEN'}")
    if not tried.is_sound:
        for path in tried.defects:
            click.echo(f"  {path.relative_to(_CHECKOUT)}")
        click.echo(said[-_SHOWN:].decode(errors="replace") if b"=== " not in said else _told_by_python(said))


def _told_by_python(said: bytes) -> str:
    """The exception that atheris caught, without libFuzzer's progress."""
    return said[said.index(b"=== ") :].partition(b"==")[2].partition(b"\n==")[0].decode(errors="replace")
