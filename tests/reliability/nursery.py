"""Processes that are forked from one with everything imported: `python -m tests.reliability.nursery`, and its client.

A worker takes 0.6 s of a processor to import what it needs. Where one dies every second that would be most of the
machine. A forked one begins its own main with nothing made yet, and is a process like any other: SIGKILL ends it.
"""

import ctypes
import gc
import json
import os
import select
import signal
import sys
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from subprocess import PIPE, TimeoutExpired
from typing import Any, Final, Self

from tests.support import running

_PDEATHSIG: Final = 1


class Child:
    """A forked process, as far as a supervisor needs it. How it ended only its parent knows."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._handle)

    def poll(self) -> int | None:
        """None while it lives, else 0."""
        return 0 if select.select([self._handle], [], [], 0)[0] else None

    def wait(self, timeout: float) -> int:
        """Wait so many seconds for its end; TimeoutExpired as for any process."""
        if not select.select([self._handle], [], [], timeout)[0]:
            raise TimeoutExpired(["a forked process"], timeout)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal; harmless when it has ended."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The client: a context manager whose children die with it. `log`: what all of them write."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.reliability.nursery", os.fspath(self._log)]
        self._process = self._stack.enter_context(running(command, stdin=PIPE, stdout=PIPE))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, role: str, env: Mapping[str, str]) -> Child:
        """Fork a process that plays `role`, with `env` added to the environment."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"role": role, "env": dict(env)}) + "\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()))


def main(words: Sequence[str]) -> int:
    """Fork what is asked for on stdin, a line each, until there is no more."""
    from tests.reliability import killing_launcher  # noqa: PLC0415 - only the nursery needs all of it

    log = os.open(words[0], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    gc.freeze()
    parent = os.getpid()
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)  # Any: JSON values
        pid = os.fork()
        if pid == 0:
            os._exit(_play(killing_launcher.main, asked, log, parent))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    return 0


def _play(run: Callable[[str, str], int], asked: dict[str, Any], log: int, parent: int) -> int:  # Any: JSON values
    """In the child: tied to its parent, with its own environment and the log as output."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(asked["env"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(log, number)
    if os.getppid() != parent:
        return 1
    try:
        return run("none", asked["role"])
    except BaseException:  # noqa: BLE001 - the edge of the process: a traceback in its log is all that is left
        traceback.print_exc()
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
