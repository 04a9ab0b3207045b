"""A command on a real (pseudo) terminal: what it draws, and how it ends on a key or a signal. Unix only."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from ops.children import with_parent
from tests.support import CHECKOUT

_OWN: Final = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Makes the terminal its own, so that Ctrl-C on it is a signal."""

_CONTROLS: Final = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


class Terminal:
    """The process on it, and everything it has drawn so far."""

    def __init__(self, process: "subprocess.Popen[bytes]", handle: int) -> None:
        self.process = process
        self.drawn = b""
        self._handle = handle
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """What was drawn, without the controls."""
        return _CONTROLS.sub(b"", self.drawn).decode(errors="replace")

    def press(self, keys: str) -> None:
        """As if a person pressed keys; `\\x03` is Ctrl-C."""
        os.write(self._handle, keys.encode())

    def ended(self, within: float = 60) -> int:
        """Its exit status, once it has ended and everything it drew was read. Where it does not end, AssertionError
        says what it stood at: its threads draw their stacks.
        """
        try:
            status = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(within)
            self._reader.join(within)
            raise AssertionError(f"not ended after {within:.0f} s: {self.text[-4000:]}") from None
        self._reader.join(within)
        return status

    def _read(self) -> None:
        try:
            while piece := os.read(self._handle, 65_536):
                self.drawn += piece
        except OSError:  # the other end is closed: Linux says EIO
            return


@contextmanager
def on_terminal(
    command: Sequence[str], *, env: Mapping[str, str], rows: int = 40, columns: int = 140
) -> Iterator[Terminal]:
    """`command` with a terminal of this size of its own, in a session of its own; killed in the end."""
    handle, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        with_parent([sys.executable, "-c", _OWN, *command]),
        cwd=CHECKOUT,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONFAULTHANDLER": "1", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    terminal = Terminal(process, handle)
    try:
        yield terminal
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait(60)
        terminal.ended()
        os.close(handle)
