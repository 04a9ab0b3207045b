"""Which Redis to use: REDIS_URL, or an embedded one that all local processes share.

A shared server is started by the first process that needs it and ended by the last that leaves. Both
decide under a lock on `lock`; every user holds a shared lock on `users` as long as it lives, so a user
that was killed counts as gone. When every user was killed the server stays, and the next one joins it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Final

from ops import redis_socket
from ops.redis_server import RedisServer
from ops.redis_socket import Presence

FOLDER: Final = Path(".volley")
"""Where the embedded Redis keeps its data by default: in the current directory."""


@contextmanager
def redis_url(folder: Path | None = None, *, private: bool = False) -> Iterator[str]:
    """The URL of the Redis to use, valid inside the `with`.

    REDIS_URL as it is, when it is set. Otherwise the embedded server on `folder`: shared with every other
    local process that names the same folder, or, when `private`, one of our own that dies with us (without
    a folder: on a temporary one, forgotten afterwards). A child process may be given the URL, but must not
    outlive the `with`. Raises OpsError.
    """
    if url := os.environ.get("REDIS_URL"):
        yield url
    elif private:
        with _private(folder) as url:
            yield url
    else:
        with _shared(redis_socket.private_folder((folder or FOLDER).resolve())) as url:
            yield url


@contextmanager
def _private(folder: Path | None) -> Iterator[str]:
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(TemporaryDirectory(prefix="volley-")))
        yield stack.enter_context(RedisServer(place)).url


@contextmanager
def _shared(folder: Path) -> Iterator[str]:
    server = RedisServer(folder, private=False)
    with (folder / "users").open("a") as users:
        with _alone(folder):
            _join(server, users)
        try:
            yield server.url
        finally:
            with _alone(folder):
                _leave(server, users)


def _join(server: RedisServer, users: IO[str]) -> None:
    """Count us in before the start, so that a start that is only slow is not ended by somebody else."""
    fcntl.flock(users, fcntl.LOCK_SH)
    if redis_socket.presence(server.socket) is Presence.ABSENT:
        server.start()
    else:
        server.wait_until_ready()


def _leave(server: RedisServer, users: IO[str]) -> None:
    """End the server when we were the last: nobody else holds `users`."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    server.stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time starts, joins or ends the server of `folder`."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
