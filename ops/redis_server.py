"""One embedded Valkey or Redis server: a process on a data folder, reached through a unix socket."""

import fcntl
import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Self
from urllib.parse import quote

from ops import redis_socket
from ops.children import with_parent
from ops.errors import RedisNotReady
from ops.redis_binary import ServerBinary, find_server
from ops.redis_socket import Presence

OTHER_DATA: Final = "redis_data_of_another_server"

_READY_IN: Final = 60.0  # seconds, reading a large append-only file included
_ENDED_IN: Final = 30.0
_KEPT_FD: Final = 9  # the server inherits the lock on its data as this descriptor
_LOG_TAIL: Final = 2000  # characters

_log: Final = logging.getLogger(__name__)


class RedisServer:
    """A server on `folder`; `private` ones die with this process (see `ops.children` on threads).

    Data survives `kill()`, `stop()` and `restart()`: the append-only file is on. The server itself holds
    a lock on its data as long as it lives, so two servers never write the same file. As a context manager
    it starts and stops. Every method blocks; all raise RedisNotReady with the tail of the server's log.
    """

    def __init__(self, folder: Path, *, private: bool = True, binary: ServerBinary | None = None) -> None:
        self.folder = redis_socket.private_folder(folder.resolve())
        self.socket = redis_socket.path_for(self.folder)
        self.url = f"unix://{quote(os.fspath(self.socket))}"
        self.log = self.folder / "server.log"
        self.pid = 0
        self._private = private
        self._binary = binary

    def start(self) -> None:
        """Start the server and wait until it answers, its data read."""
        binary = self._binary = self._binary or find_server()
        data = self._data_folder(binary)
        self._wait_until_ended()  # a server that cannot be reached must not get a second one beside it
        with _held(data / "running", self.log) as lock:
            self.pid = self._spawn(self._command(binary, data), lock.fileno())
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the server that runs on the folder, whoever started it, has read its data and answers."""
        until = time.monotonic() + _READY_IN
        while redis_socket.presence(self.socket) is not Presence.READY:
            if all(map(_is_free, self._locks())):
                self._reap()
                raise RedisNotReady(f"the embedded Redis ended while starting{tail(self.log)}")
            if time.monotonic() > until:
                raise RedisNotReady(f"the embedded Redis is not ready after {_READY_IN:.0f} s{tail(self.log)}")
            time.sleep(0.005)

    def stop(self) -> None:
        """End the server with everything written to disk; harmless when it is not running."""
        redis_socket.shut_down(self.socket, within=_ENDED_IN)
        self._wait_until_ended()
        redis_socket.remove_path_for(self.folder)

    def kill(self) -> None:
        """End the server as a crash would: SIGKILL. Only for the process that started it."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait_until_ended()

    def restart(self) -> None:
        """Stop and start on the same data and URL."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _data_folder(self, binary: ServerBinary) -> Path:
        mine = self.folder / binary.data_name
        others = sorted(lock.parent.name for lock in self._locks())
        if others and not mine.exists():
            _log.warning("%s: starting %s, leaving alone %s", OTHER_DATA, mine.name, ", ".join(others))
        return redis_socket.private_folder(mine)

    def _command(self, binary: ServerBinary, data: Path) -> list[str]:
        compact = "listpack" if binary.version >= (7, 0) else "ziplist"
        settings = {
            "port": "0",
            "unixsocket": os.fspath(self.socket),
            "unixsocketperm": "700",
            "dir": os.fspath(data),
            "logfile": os.fspath(self.log),
            "pidfile": os.fspath(self.folder / "server.pid"),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",  # a full Redis must refuse, never forget
            f"hash-max-{compact}-entries": "512",  # a chunk's records stay one compact hash
            "set-max-intset-entries": "512",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        command = [os.fspath(binary.path), *words]
        return with_parent(command) if self._private else command

    def _spawn(self, command: list[str], lock: int) -> int:
        """A session of its own: Ctrl-C at the terminal reaches us, and we decide when the server ends."""
        log = (os.POSIX_SPAWN_OPEN, 1, os.fspath(self.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        files = [log, (os.POSIX_SPAWN_DUP2, 1, 2), (os.POSIX_SPAWN_DUP2, lock, _KEPT_FD)]
        return os.posix_spawn(command[0], command, os.environ, file_actions=files, setsid=True)

    def _wait_until_ended(self) -> None:
        for lock in self._locks():
            _held(lock, self.log).close()
        self._reap()

    def _locks(self) -> list[Path]:
        """One file in every data folder of this place: a server that lives holds a lock on its own."""
        return list(self.folder.glob("*/running"))

    def _reap(self) -> None:
        if self.pid:
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0


def tail(log: Path) -> str:
    """The last lines of a server's log, for the end of an error."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = "".join(f"\n  {line}" for line in lines if line.strip())[-_LOG_TAIL:]
    return f"; the end of {log}:{said}" if said else ""


def _held(path: Path, log: Path) -> IO[str]:
    """The file at `path`, locked for us alone: no server is using the folder any more."""
    file = path.open("a")
    until = time.monotonic() + _ENDED_IN
    while not _locked(file):
        if time.monotonic() > until:
            file.close()
            raise RedisNotReady(f"a server still runs on {path.parent} but cannot be reached{tail(log)}")
        time.sleep(0.005)
    return file


def _is_free(path: Path) -> bool:
    with path.open("a") as file:
        return _locked(file)


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
