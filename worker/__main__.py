"""`python -m worker send|track|all|announce|callbacks`: one worker process, or a look at what is configured.

`announce` only writes the account directory; `callbacks` prints the address that each provider is to call.
"""

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from producer.directory import announce
from producer.pool import connect
from worker.app import App
from worker.callbacks import addresses
from worker.logs import configure_logs
from worker.process import Role, run
from worker.settings import Settings, SettingsError, load

ROLES: Final[dict[str, frozenset[Role]]] = {
    "send": frozenset({Role.SEND}),
    "track": frozenset({Role.TRACK}),
    "all": frozenset(Role),
}
_USAGE: Final = f"usage: python -m worker {'|'.join(ROLES)}|announce|callbacks"

log = structlog.get_logger(__name__)


def main(arguments: list[str]) -> int:
    """Exit status: 0 stopped or announced, 1 could not, 2 wrong usage."""
    if len(arguments) != 1 or arguments[0] not in {*ROLES, "announce", "callbacks"}:
        sys.stderr.write(f"{_USAGE}\n")
        return 0 if arguments in (["--help"], ["-h"]) else 2
    try:
        configure_logs()
        settings = load({"REDIS_URL": "redis://unused"} | os.environ if arguments[0] == "callbacks" else os.environ)
        if arguments[0] == "callbacks":
            sys.stdout.write(addresses(settings))
            return 0
        _run(_announce(settings) if arguments[0] == "announce" else run(settings, ROLES[arguments[0]]))
    except (SettingsError, RedisError, OSError) as error:
        sys.stderr.write(f"volley: {error}\n")
        return 1
    return 0


async def _announce(settings: Settings) -> None:
    redis = connect(settings.redis_url)
    try:
        await announce(redis, App(settings, redis).entries())
    finally:
        await redis.aclose()


def _run(work: Coroutine[Any, Any, None]) -> None:  # Any: what a coroutine yields and is sent
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where there is one (not on Windows): a tenth to a quarter quicker."""
    return importlib.import_module("uvloop").new_event_loop if find_spec("uvloop") else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
