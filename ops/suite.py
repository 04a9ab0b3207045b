"""The whole suite: every test, several at once, and the few that failed beside the others once more, alone."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import click

# Tests mostly wait, so there are more workers than cores; a file's shared fixtures stay in one worker (its group).
_WORKERS: Final = min((os.cpu_count() or 1) + 2, 8)
IN_PARALLEL: Final = (f"-n{_WORKERS}", "--dist=loadgroup", "--no-loadscope-reorder")
"""What pytest is told to run everything at once."""

MOST: Final = 3
"""So many tests may be unsteady in one run: more of them are no accident."""

PROOFS: Final = ("tests/reliability/", "tests/flow/test_killing_workers.py", "tests/flow/test_losing_redis.py")
"""Nobody twice and nobody forgotten: what fails here has failed, were it once in a thousand runs."""

_FAILED: Final = 1  # pytest's status when tests ran, and some failed


def run_suite(run: Callable[[Sequence[str]], int], checkout: Path) -> int:
    """Run every test of `checkout` at once, and the few that failed once more, alone; pytest's exit status.

    Processes, browsers and clocks share two cores with all the other tests here, so a test that waits for them can
    fail for want of them. One that passes alone is named as unsteady, in the last lines of the run, and is a bug of
    its own: either the test's, or a race of Volley's that showed. `run` takes a command and gives its exit status.
    """
    pytest = [sys.executable, "-m", "pytest"]
    status = run([*pytest, *IN_PARALLEL, "--cache-clear"])
    if status != _FAILED:
        return status
    failed = _names_of_failed(checkout)
    if not may_be_unsteady(failed):
        return status
    click.secho(f"once more, alone: {len(failed)} that failed beside all the others", bold=True)
    status = run([*pytest, *failed])
    if status == 0:
        click.secho(f"unsteady, to be mended: {', '.join(failed)}", fg="yellow", bold=True)
    return status


def may_be_unsteady(failed: Iterable[str]) -> bool:
    """Whether these tests, by their names, are few, and none of them is one of the proofs."""
    names = list(failed)
    return 0 < len(names) <= MOST and not any(name.startswith(PROOFS) for name in names)


def _names_of_failed(checkout: Path) -> list[str]:
    """Where pytest keeps them for its `--last-failed`; nothing when it kept none (a module that does not import)."""
    try:
        names = json.loads((checkout / ".pytest_cache/v/cache/lastfailed").read_bytes())
    except FileNotFoundError:
        return []
    return sorted(names)
