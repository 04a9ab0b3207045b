"""The peers' own virtual environments, in a cache folder of the checkout, made on first use from pinned locks."""

from pathlib import Path
from typing import Final

from ops.bench.arena import CHECKOUT, BenchError
from ops.environment import Environment

CACHE: Final = CHECKOUT / ".bench"
_LOCKS: Final = {"peers": "requirements.lock", "taskiq": "requirements-taskiq.lock"}
"""Two, because SAQ wants a redis below 8 and taskiq-redis one from 8 on."""


def peers_pythons() -> dict[str, Path]:
    """The interpreter of each environment, by its name; makes those that are not there yet or whose lock changed.

    BenchError where this is no checkout; SystemExit, with pip's words on standard error, when it cannot be made.
    """
    if not (CHECKOUT / "pyproject.toml").exists():
        raise BenchError("the peers need a checkout of Volley (--no-peers leaves them out)")
    CACHE.mkdir(exist_ok=True)
    return {name: _provided(name, lock) for name, lock in _LOCKS.items()}


def _provided(name: str, lock: str) -> Path:
    environment = Environment(folder=CACHE / name, locks=Path(__file__).parent)
    environment.provide(lock)
    return environment.python
