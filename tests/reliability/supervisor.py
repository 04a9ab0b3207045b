"""Worker processes that are started again when they end: what systemd or a container host does."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from subprocess import Popen
from typing import IO, Final, Self

from tests.support import PATIENCE, running
from tests.support_forking import Forked
from tests.support_system import System

WEB: Final = "web"


class Supervisor:
    """Keeps one process for each role in `roles`; a context manager that ends them by SIGTERM.

    The role `web` is the page with the callback receiver, on `port`; the others are a worker's. `is_forked`: a start
    costs no import (`support_forking`), which for one that dies every second would be most of a machine.
    """

    def __init__(self, system: System, roles: Sequence[str], *, port: int = 0, is_forked: bool = False) -> None:
        self._system = system
        self._port = port
        self._is_forked = is_forked
        self._roles = list(roles)
        self._stack = ExitStack()
        self._log: IO[str] | None = None
        self.processes: list[Popen[str]] = []
        self.started = 0

    def __enter__(self) -> Self:
        self._system.settings()
        log = self._system.folder / "workers.log"
        self._log = self._stack.enter_context(log.open("a"))
        self.processes = [self._start(role) for role in self._roles]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(PATIENCE)
        self._stack.close()

    def kill(self, place: int) -> None:
        """SIGKILL the process at `place`, and start another."""
        process = self.processes[place]
        process.kill()
        process.wait(PATIENCE)
        self.renew(place)

    def end(self, place: int) -> float:
        """SIGTERM the process at `place` and wait for its end; how many seconds that took."""
        process, began = self.processes[place], time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        return time.monotonic() - began

    def renew(self, place: int) -> None:
        """Start another in place of one that has ended. Only from the thread that started them (`ops.children`)."""
        self.processes[place] = self._start(self._roles[place])

    def tend(self) -> int:
        """Start again what has ended by itself; how many had."""
        ended = [place for place, process in enumerate(self.processes) if process.poll() is not None]
        for place in ended:
            self.renew(place)
        return len(ended)

    def _start(self, role: str) -> Popen[str]:
        self.started += 1
        level = os.environ.get("VOLLEY_LOG_LEVEL", "warning")
        env = self._system.environment | {"VOLLEY_LOG_LEVEL": level, "PORT": str(self._port)}
        words = ["-m", "tests.reliability.killing_launcher", "none", WEB] if role == WEB else ["-m", "worker", role]
        command, files = [sys.executable, *words], {"stderr": self._log, "stdout": self._log}
        if self._is_forked:
            return self._stack.enter_context(Forked(command, text=True, env=os.environ | env, **files))
        return self._stack.enter_context(running(command, env=env, **files))
