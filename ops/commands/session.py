"""What every command shares: a Redis for as long as it runs, errors as one line, results as text or JSON."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import click
import orjson
from redis.exceptions import RedisError

from ops.errors import OpsError
from ops.redis_local import redis_url
from producer.client import CampaignProducer
from producer.contract.client import Client
from producer.errors import ProducerError
from producer.intake import TakenOverError
from producer.pool import connect

T = TypeVar("T")

DOCTOR_KNOWS: Final = "; `volley doctor` looks closer"
"""The end of an error that Redis itself gave."""

_ANSWERS_IN: Final = 5.0
_SAYS_WHY_IN: Final = 1.0
_CANCELLED_WITHIN: Final = 1.0

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A command's connection: the URL for child processes, the client to read with, the producer to ask with."""

    url: str
    redis: Client
    producer: CampaignProducer


def with_redis(work: Callable[[Session], Awaitable[T]]) -> T:
    """What `work` gives, on REDIS_URL or the embedded Redis. Whatever is refused or away becomes an OpsError."""
    with redis_url() as url:
        return with_url(url, work)


def with_url(url: str, work: Callable[[Session], Awaitable[T]]) -> T:
    """`with_redis` on the Redis at `url`."""
    return asyncio.run(_until_cancelled(_connected(url, work)))


def agreed(question: str) -> None:
    """Ask on the terminal whether that is meant; OpsError when it is not, wrong usage where nobody can answer."""
    try:
        is_meant = click.confirm(question, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):  # click hides which of the two it was
            click.echo(err=True)
            raise click.UsageError("nobody answered, and nothing was changed: say --yes beforehand") from None
        raise
    if not is_meant:
        raise OpsError("nothing was changed; --yes answers beforehand")


def print_json(record: object) -> None:
    """One line of JSON on standard output."""
    click.echo(orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS))


async def _until_cancelled(work: Coroutine[Any, Any, T]) -> T:  # Any: what a coroutine yields and is sent
    """What `work` gives. Cancelled (Ctrl-C), it is cancelled until it ends.

    Once is not enough: redis-py 5.3 sends through asyncio.wait_for, which on Python 3.11 loses a cancellation
    that comes while it ends.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCELLED_WITHIN)
        raise


async def _connected(url: str, work: Callable[[Session], Awaitable[T]]) -> T:
    redis = _client(url)
    try:
        await _answering(redis, url)
        return await work(Session(url=url, redis=redis, producer=CampaignProducer(redis)))
    except (ProducerError, TakenOverError) as error:
        raise OpsError(str(error)) from error
    except RedisError as error:
        raise OpsError(f"Redis at {place(url)}: {error}{DOCTOR_KNOWS}") from error
    finally:
        with suppress(RedisError, OSError):
            await redis.aclose()


def _client(url: str) -> Client:
    try:
        return connect(url)
    except ValueError as error:
        raise OpsError(f"REDIS_URL cannot be used: {error}") from error


async def _answering(redis: Client, url: str) -> None:
    """The client waits out a restart for long; a person at a terminal is told sooner."""
    try:
        async with asyncio.timeout(_ANSWERS_IN):
            await redis.ping()
    except TimeoutError as error:
        raise OpsError(
            f"Redis at {place(url)} does not answer{await _said_at_once(url)}: see whether it runs, and whether "
            "REDIS_URL names it, with its password if it has one"
        ) from error


async def _said_at_once(url: str) -> str:
    """What a single attempt meets, in brackets: a refused password is no absent server. Empty when it hangs."""
    redis = connect(url, connections=1, retries=0)
    try:
        async with asyncio.timeout(_SAYS_WHY_IN):
            await redis.ping()
    except TimeoutError:
        return ""
    except (RedisError, OSError) as error:
        return f" ({str(error).rstrip('.')})"
    finally:
        with suppress(RedisError, OSError):
            await redis.aclose()
    return ""


def place(url: str) -> str:
    """The URL without its credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
