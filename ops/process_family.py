"""Several of our programs at once, each with a log of its own: started, watched, and ended together."""

import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from ops.children import with_parent
from ops.errors import OpsError
from ops.redis_server import tail

_STOP_WITHIN: Final = 8.0
_KILLED_WITHIN: Final = 5.0


class ProcessFamily:
    """Child processes in sessions of their own: Ctrl-C reaches us alone, and we end them, the last one first.

    They are killed by the kernel when we die without a word. Start them from the main thread.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.stop()

    def start(self, name: str, command: Sequence[str], extra: Mapping[str, str] | None = None) -> None:
        """Start one; what it says goes to its log."""
        with self.log(name).open("ab") as log:
            self._processes[name] = self._spawn(command, log, log, extra)

    def start_and_read(self, name: str, command: Sequence[str], *, within: float) -> str:
        """Start one that says on its first line that it is ready; that line. OpsError when none comes."""
        with self.log(name).open("ab") as log:
            process = self._processes[name] = self._spawn(command, subprocess.PIPE, log, None)
        assert process.stdout is not None  # noqa: S101  # it is a pipe
        ready, _, _ = select.select([process.stdout], [], [], within)
        line = process.stdout.readline().decode() if ready else ""
        if not line:
            raise OpsError(f"{name} does not start{tail(self.log(name))}")
        return line

    def check(self) -> None:
        """OpsError with the end of its log when one has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise OpsError(f"{name} ended by itself ({process.returncode}){tail(self.log(name))}")

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End one with a signal, and wait until it has ended; SIGKILL when it takes too long."""
        process = self._processes.pop(name)
        process.send_signal(number)
        _end(process, time.monotonic() + _STOP_WITHIN)

    def pid(self, name: str) -> int:
        """One's process id."""
        return self._processes[name].pid

    def log(self, name: str) -> Path:
        """Where one's words are kept."""
        return self._folder / f"{name}.log"

    def stop(self) -> None:
        """End all: SIGTERM, time to end in order, SIGKILL."""
        processes = list(reversed(self._processes.values()))
        for process in processes:
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + _STOP_WITHIN
        for process in processes:
            _end(process, until)
        self._processes.clear()

    def _spawn(
        self,
        command: Sequence[str],
        out: IO[bytes] | int,
        log: IO[bytes],
        extra: Mapping[str, str] | None,
    ) -> "subprocess.Popen[bytes]":
        environment = {**self._environment, **(extra or {})}
        return subprocess.Popen(  # noqa: S603  # our own words
            with_parent(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def _end(process: "subprocess.Popen[Any]", until: float) -> None:  # Any: its stream's type does not matter
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_KILLED_WITHIN)
    if process.stdout is not None:
        process.stdout.close()


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
