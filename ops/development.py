"""What a developer of Volley runs in a checkout: the checks, the tests, the sandbox."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

import click

from ops.fuzzing import run_fuzzing
from ops.suite import run_suite

CHECKOUT: Final = Path(__file__).resolve().parent.parent

# name, the module or program beside the interpreter, its arguments
_CHECKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
)
_PASS_THROUGH: Final = {"ignore_unknown_options": True, "help_option_names": []}
# what takes long and prints figures: the flag, and the module that does it
_LONG: Final = {
    "--kill-matrix": "tests.reliability.killing_matrix",
    "--kill-storm": "tests.reliability.storm",
    "--soak": "tests.reliability.soak",
}
# pytest's exit status -> ours: passed, interrupted, used wrongly; everything else has failed
_OF_PYTEST: Final = {0: 0, 2: 130, 4: 2}


def run_check() -> int:
    """Run every check, also after one failed; 0 when all passed, otherwise 1."""
    _need_checkout()
    failed = [name for name, command in _CHECKS if not _passes(name, command)]
    click.secho(f"failed: {', '.join(failed)}" if failed else "all checks passed", bold=True)
    return 1 if failed else 0


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest with `arguments`; 0 passed, 1 failed, 2 wrong usage, 130 interrupted.

    Without arguments: the whole suite, see `run_suite`. With arguments pytest does what they say and no more.
    """
    _need_checkout()
    status = _run([sys.executable, "-m", "pytest", *arguments]) if arguments else run_suite(_run, CHECKOUT)
    return _OF_PYTEST.get(status, 1)


@click.command
def check() -> int:
    """Check format, lint, types and import rules of this checkout."""
    return run_check()


@click.command(context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> int:
    """Run all tests, several at once, or pytest with your arguments; `--fuzz [SECONDS] [TARGET …]`: fuzz.

    Of the whole suite, up to three tests that failed beside the others are run once more, alone: see ops/suite.py.
    `--kill-matrix [POINT …]`: kill a process at every named point. `--kill-storm [--messages N] [--seed S]`: kill one
    every second. `--soak [SECONDS]`: a steady rate for an hour. Each prints its figures.
    """
    if arguments[:1] == ("--fuzz",):
        _need_checkout()
        return run_fuzzing(arguments[1:])
    if arguments and arguments[0] in _LONG:
        _need_checkout()
        return _run([sys.executable, "-m", _LONG[arguments[0]], *arguments[1:]])
    return run_tests(arguments)


@click.command(context_settings=_PASS_THROUGH)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> NoReturn:
    """Run the sandbox: both provider families over HTTP."""
    os.execv(sys.executable, [sys.executable, "-m", "ops.sandbox", *arguments])  # noqa: S606  # no shell is the point


def _passes(name: str, command: tuple[str, ...]) -> bool:
    click.secho(f"{name}: {' '.join(command)}", bold=True)
    program, *arguments = command
    return _run([os.fspath(Path(sys.executable).with_name(program)), *arguments]) == 0


def _run(command: Sequence[str]) -> int:
    """Its exit status. Ctrl-C reaches it and us; it ends in its own way, and we wait for that."""
    sys.stdout.flush()
    try:
        with (
            _deaf_to_interrupts(),
            subprocess.Popen(command, cwd=CHECKOUT, env=_environment()) as process,  # noqa: S603  # our words
        ):
            return process.wait()
    except FileNotFoundError as error:
        raise click.ClickException(
            f"{error.filename} is missing: run this as `python3 -m ops`, which makes the test environment"
        ) from error


def _environment() -> dict[str, str]:
    """Ours; but bytecode is kept: without it each of some hundred processes compiles everything anew."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """By a handler that does nothing: a new program would inherit SIG_IGN, and be deaf itself."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _need_checkout() -> None:
    if not (CHECKOUT / "pyproject.toml").exists():
        raise click.UsageError("this needs a checkout of Volley, not an installed package")
