"""Our own programs started by a fork of a process that has imported what they import: see `support_nursery`.

A start is half a second of processor time or more, and nearly all of it is imports; a run of the tests has some
hundred. What is forked is a process like any other: its arguments, environment, folder, streams, signals and end are
its own. A test whose subject is the start itself starts its program by `subprocess`.
"""

import functools
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

PROGRAMS: Final = frozenset({"ops.cli", "ops.sandbox", "tests.reliability.killing_launcher", "worker"})

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_KILLED: Final = b"9"  # the wait status of a process whose nursery was killed, and it with it


def is_forkable(command: Sequence[str]) -> bool:
    """Whether a command is `python -m` one of our programs, in a test, on a system where `Forked` works.

    The long runs (`ops test --soak` and such) measure memory: what is measured there is not to be a nursery's.
    """
    is_program = tuple(command[:2]) == (sys.executable, "-m") and command[2] in PROGRAMS
    return is_program and sys.platform == "linux" and "PYTEST_VERSION" in os.environ


class Forked(subprocess.Popen[str]):
    """As Popen, for a command that `is_forkable`, in text mode; the process dies with this one.

    Of Popen's options it takes the streams, `env`, `cwd` and `start_new_session`.
    """

    _line: socket.socket

    def _execute_child(
        self,
        args: Sequence[str],
        executable: Any,
        preexec_fn: Any,
        close_fds: Any,
        pass_fds: Any,
        cwd: str | os.PathLike[str] | None,
        env: dict[str, str] | None,
        startupinfo: Any,
        creationflags: Any,
        shell: Any,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        restore_signals: Any,
        gid: Any,
        gids: Any,
        uid: Any,
        umask: Any,
        start_new_session: bool,  # noqa: FBT001
        *_: Any,
    ) -> None:
        """Popen calls this to start the program, when it has made the pipes."""
        order = {
            "program": args[2],
            "arguments": args[3:],
            "environment": dict(os.environ if env is None else env),
            "folder": os.fspath(cwd or _CHECKOUT),
            "session": bool(start_new_session),
        }
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # two words are never one
        streams = [own if end == -1 else end for own, end in enumerate((p2cread, c2pwrite, errwrite))]
        with theirs:
            socket.send_fds(_nursery().orders, [orjson.dumps(order)], [*streams, theirs.fileno()])
        self.pid = int(self._line.recv(20))
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """Who has ended and how, as `os.waitpid` tells it; (0, 0) while nobody has."""
        try:
            told = self._line.recv(20, socket.MSG_DONTWAIT if wait_flags else 0)
        except BlockingIOError:
            return 0, 0
        self._line.close()
        return self.pid, int(told or _KILLED)


class _Nursery:
    """The process that forks, for as long as this one lives."""

    def __init__(self) -> None:
        self.orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.support_nursery", str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=_CHECKOUT)


@functools.cache
def _nursery() -> _Nursery:
    return _Nursery()
