"""`python -m worker send|track|all|announce|callbacks|describe|examine`: a worker process, or a look at the settings.

`announce` only writes the account directory; `callbacks` prints the address that each provider is to call;
`describe` prints the accounts as JSON, and `examine` asks each provider for the balance besides.
"""

import asyncio
import gc
import importlib
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from importlib.util import find_spec
from typing import Any, Final, TypeVar

import orjson
import structlog
from redis.exceptions import RedisError

from producer.directory import announce
from producer.pool import connect
from worker.app import App
from worker.callbacks import addresses
from worker.describing import described, examined
from worker.logs import configure_logs, secrets_of
from worker.process import Role, run
from worker.settings import Settings, SettingsError, load

ROLES: Final[dict[str, frozenset[Role]]] = {
    "send": frozenset({Role.SEND}),
    "track": frozenset({Role.TRACK}),
    "all": frozenset(Role),
}
_LOOKS: Final = ("announce", "callbacks", "describe", "examine")
_WITHOUT_REDIS: Final = {"callbacks", "describe"}
_USAGE: Final = f"usage: python -m worker {'|'.join((*ROLES, *_LOOKS))}"

_COLLECT_AFTER: Final = (50_000, 50, 50)
"""Objects before Python looks for cycles. At its default of 700 that was a quarter of a sender's time."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


def main(arguments: list[str]) -> int:
    """Exit status: 0 stopped or announced, 1 could not, 2 wrong usage."""
    if len(arguments) != 1 or arguments[0] not in {*ROLES, *_LOOKS}:
        sys.stderr.write(f"{_USAGE}\n")
        return 0 if arguments in (["--help"], ["-h"]) else 2
    try:
        mask = configure_logs()
        settings = load(_environment(arguments[0]))
        mask.learn(secrets_of(settings))
        if arguments[0] in ROLES:
            _run(run(settings, ROLES[arguments[0]]))
        else:
            sys.stdout.write(_seen(settings, arguments[0]))
    except (SettingsError, RedisError, OSError) as error:
        sys.stderr.write(f"volley: {error}\n")
        return 1
    return 0


def _environment(command: str) -> Mapping[str, str]:
    return {"REDIS_URL": "redis://unused"} | os.environ if command in _WITHOUT_REDIS else os.environ


def _seen(settings: Settings, command: str) -> str:
    """What a look at the settings prints."""
    match command:
        case "callbacks":
            return addresses(settings)
        case "describe":
            return _line(described(settings))
        case "examine":
            return _line(_run(examined(settings)))
        case _:
            _run(_announce(settings))
            return ""


def _line(record: object) -> str:
    return orjson.dumps(record).decode() + "\n"


async def _announce(settings: Settings) -> None:
    redis = connect(settings.redis_url)
    try:
        await announce(redis, App(settings, redis).entries())
    finally:
        await redis.aclose()


def _run(work: Coroutine[Any, Any, T]) -> T:  # Any: what a coroutine yields and is sent
    gc.set_threshold(*_COLLECT_AFTER)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where there is one (not on Windows): a tenth to a quarter quicker."""
    return importlib.import_module("uvloop").new_event_loop if find_spec("uvloop") else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
