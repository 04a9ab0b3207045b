"""Our own programs as child processes: how they are called, their environment, and how they end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from ops.children import with_parent

_PACKAGES: Final = Path(__file__).resolve().parent.parent
_ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)


def program(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def surroundings(redis_url: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment for a child: with this Redis, and with our packages wherever it is started."""
    path = os.pathsep.join(filter(None, [os.fspath(_PACKAGES), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "REDIS_URL": redis_url, "PYTHONPATH": path, **(extra or {})}


def run_until_it_ends(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a child in the foreground; SIGTERM and SIGINT are passed on. Its exit status, 128 + signal as a shell's.

    When we are killed with SIGKILL it is told to stop, too.
    """
    words = with_parent(command, number=signal.SIGTERM)
    with _passing_on() as told:
        process = subprocess.Popen(words, env=environment, start_new_session=True)  # noqa: S603  # our own words
        told.tell(process)
        status = process.wait()
    return status if status >= 0 else 128 - status


class _Told:
    """What was asked of us to end by, and whom to pass it on to: a signal may come before the child is there."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._number: int | None = None

    def __call__(self, number: int, _: FrameType | None) -> None:
        self._number = number
        if self._process is not None:
            self._process.send_signal(number)

    def tell(self, process: "subprocess.Popen[bytes]") -> None:
        """Pass on from now, and what came before now."""
        self._process = process
        if self._number is not None:
            process.send_signal(self._number)


@contextmanager
def _passing_on() -> Iterator[_Told]:
    told = _Told()
    before = {number: signal.signal(number, told) for number in _ENDINGS}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
