"""Names that a shell completes: files; accounts and campaigns of the Redis that is there, quickly or not at all.

A person waits at the prompt: whatever is away, slow or wrong is no error here, there is only nothing to offer.
"""

import asyncio
import os
import threading
import tomllib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import click
from click.shell_completion import CompletionItem
from redis.exceptions import RedisError

from ops import redis_socket
from ops.errors import OpsError
from ops.redis_local import FOLDER
from producer.contract import keys
from producer.contract.client import Client
from producer.pool import connect

_WITHIN: Final = 0.7
"""Seconds that a person is kept waiting for Redis at most."""

_LOOKED_AT: Final = 2000
_SHOWN: Final = 50
"""Campaigns that are looked at, newest first, and of which so many are offered."""


def account_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Accounts that workers have announced, and those of volley.toml."""
    return _offered(sorted({*_asked(_announced), *_configured()}), incomplete)


def campaign_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The newest campaigns whose id begins so."""
    return _offered(_asked(_newest), incomplete)


def file_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The shell's own completion of files, for an option that takes a file or `-`."""
    return [CompletionItem(incomplete, type="file")]


async def _announced(redis: Client) -> list[bytes]:
    return list(await redis.hgetall(keys.ACCOUNTS))


async def _newest(redis: Client) -> list[bytes]:
    return await redis.zrange(keys.CAMPAIGNS, 0, _LOOKED_AT - 1, desc=True)


def _offered(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)][:_SHOWN]


def _configured() -> list[str]:
    try:
        text = Path(os.environ.get("VOLLEY_CONFIG", "volley.toml")).read_text(encoding="utf-8")
        found = tomllib.loads(text).get("accounts", {})
    except (OSError, ValueError):
        return []
    return list(found) if isinstance(found, dict) else []


def _asked(question: Callable[[Client], Awaitable[list[bytes]]]) -> list[str]:
    """What Redis answers in time; nothing where it does not, or where there is none."""
    found: list[str] = []

    def ask() -> None:
        try:
            found.extend(asyncio.run(_answer(question)))
        except (RedisError, OSError, ValueError, OpsError):
            return

    # a thread of its own is left behind when the time is over: not every wait for a server can be broken off
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_WITHIN)
    return list(found)


async def _answer(question: Callable[[Client], Awaitable[list[bytes]]]) -> list[str]:
    url = _url()
    if not url:
        return []
    redis = connect(url, connections=1)
    try:
        return [name.decode(errors="replace") for name in await question(redis)]
    finally:
        await redis.aclose()


def _url() -> str:
    """REDIS_URL, or the embedded server that runs here; it is not started for this."""
    if url := os.environ.get("REDIS_URL", ""):
        return url
    return f"unix://{quote(os.fspath(redis_socket.path_for(FOLDER.resolve())))}" if FOLDER.is_dir() else ""
