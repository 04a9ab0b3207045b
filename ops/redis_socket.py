"""The unix socket of the embedded Redis: where it is, who listens, and asking the server to end."""

import hashlib
import os
import socket
import stat
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

from ops.errors import OpsError, RedisNotReady

_LONGEST: Final = 100  # the kernel takes 107 bytes on Linux, 103 on macOS
_NAME: Final = "redis.sock"
_SHORT: Final = Path("/tmp")  # noqa: S108  # one place whatever TMPDIR says; `private_folder` checks the owner


class Presence(Enum):
    """Who is at a socket."""

    ABSENT = auto()
    LOADING = auto()  # listening, but not answering commands yet
    READY = auto()


def private_folder(folder: Path) -> Path:
    """`folder` itself, made if need be: ours, and closed to others. OpsError when that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OpsError(f"the embedded Redis needs a folder, or set REDIS_URL: {error}") from error
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise OpsError(f"{folder} is not a folder of user {os.geteuid()}; use another, or set REDIS_URL")
    folder.chmod(0o700)
    return folder


def path_for(folder: Path) -> Path:
    """The socket of the server on `folder`: inside it, or in a private temporary folder if that is too long."""
    inside = folder / _NAME
    if len(os.fsencode(inside)) <= _LONGEST:
        return inside
    return private_folder(_elsewhere(folder)) / _NAME


def remove_path_for(folder: Path) -> None:
    """Remove the temporary folder that `path_for` made, when there is one and it is empty."""
    with suppress(OSError):
        _elsewhere(folder).rmdir()


def presence(address: Path) -> Presence:
    """Who is at `address` right now."""
    match _ask(address, b"PING", within=1.0):
        case None:
            return Presence.ABSENT
        case answer if answer.startswith(b"+PONG"):
            return Presence.READY
        case _:
            return Presence.LOADING


def shut_down(address: Path, *, within: float) -> None:
    """Ask the server to write everything to disk and end; harmless when nobody listens."""
    answer = _ask(address, b"SHUTDOWN NOSAVE", within=within)  # the append-only file is written all the same
    if answer:
        raise RedisNotReady(f"the embedded Redis refuses to end: {answer.decode(errors='replace').strip()}")


def _elsewhere(folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return _SHORT / f"volley-{os.geteuid()}-{name}"


def _ask(address: Path, command: bytes, *, within: float) -> bytes | None:
    """What the server answers: None when nobody listens, empty when it hangs up or is silent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(within)
        try:
            line.connect(os.fspath(address))
            line.sendall(command + b"\r\n")
            return line.recv(512)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except (TimeoutError, BlockingIOError, ConnectionError):
            return b""
