"""What ran: versions of everybody who took part, and the machine."""

import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ops.bench.arena import CHECKOUT
from ops.bench.plan import Bench
from ops.cli import version as our_version
from ops.redis_binary import find_server

_OURS: Final = ("arq", "redis", "aiohttp", "uvloop", "hiredis")
_PEERS: Final = {
    "peers": ("saq", "streaq", "redis", "coredis", "aiohttp", "uvloop"),
    "taskiq": ("taskiq", "taskiq-redis", "redis", "aiohttp", "uvloop"),
}
_ASK: Final = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def machine(bench: Bench) -> dict[str, object]:
    """What a reader needs to compare these figures with others."""
    server = find_server()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": bench.plan.name,
        "rounds": bench.rounds,
        "volley": _commit(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "redis server": f"{server.name} {'.'.join(map(str, server.version))}",
        "versions": {name: version(name) for name in _OURS},
        **{f"versions beside {_PEERS[name][0]}": _asked(name, python) for name, python in bench.peers.items()},
    }


def _commit() -> str:
    """The version and the commit, with a `-dirty` where the checkout has changes."""
    git = shutil.which("git")
    if git is None or not (CHECKOUT / ".git").exists():
        return our_version()
    told = subprocess.run(  # noqa: S603  # our own words
        [git, "-C", CHECKOUT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return f"{our_version()} {told.stdout.strip()}".strip()


def _asked(name: str, python: Path) -> dict[str, str]:
    done = subprocess.run([python, "-c", _ASK, *_PEERS[name]], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    told: dict[str, str] = json.loads(done.stdout)
    return told
