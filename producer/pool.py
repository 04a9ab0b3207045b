"""The Redis connection pool that producer, worker and ops use: it waits out a restart, and follows the primary."""

from typing import Any, Final, cast
from urllib.parse import urlsplit

from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from producer import sentinel
from producer.connections import STEADY, FollowingConnection, FollowingTlsConnection
from producer.contract.client import Client

_SCHEMES: Final = ("redis", "rediss", "unix", sentinel.SCHEME)
_RETRIES: Final = 12
_LONGEST_PAUSE: Final = 2.0
_MOST_CONNECTIONS: Final = 64
_TIMEOUT: Final = 10.0

Options = dict[str, Any]  # Any: redis-py's own options


def connect(url: str, *, connections: int = _MOST_CONNECTIONS, retries: int | None = None) -> Client:
    """A client on `url` (redis://, rediss://, unix:// or sentinel://), with arq's enqueue methods.

    A call that meets a lost connection, or a primary that became a replica, is tried again for about 15
    seconds (less often with fewer `retries`), then raises redis' ConnectionError. Options of the URL's query are
    redis-py's, for example `?ssl_cert_reqs=none`; `producer.sentinel` has those of Sentinel. Raises ValueError for
    another address.
    """
    options: Options = {
        "socket_timeout": _TIMEOUT,
        "max_connections": connections,
        "timeout": 5,
        "health_check_interval": 30,
        **_address(url),
        "retry": Retry(ExponentialBackoff(cap=_LONGEST_PAUSE, base=0.05), _RETRIES if retries is None else retries),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError, OSError],
    }
    client = ArqRedis(BlockingConnectionPool(**options))
    client.auto_close_connection_pool = True  # redis-py leaves a given pool open, and its connections with it
    return cast("Client", client)


def check(url: str) -> None:
    """Raise the ValueError that `connect` would."""
    _address(url)


def _address(url: str) -> Options:
    """What the URL says, with our kind of connection."""
    scheme = urlsplit(url).scheme
    if scheme not in _SCHEMES:
        raise ValueError(f"an address of Redis begins with {', '.join(f'{known}://' for known in _SCHEMES)}")
    if scheme == sentinel.SCHEME:
        watched = sentinel.Watched.read(url)
        kind = FollowingTlsConnection if watched.tls else FollowingConnection
        return {**watched.options, "connection_class": kind, "guide": sentinel.Sentinels(watched)}
    options: Options = dict(parse_url(url))
    options["connection_class"] = STEADY[options.get("connection_class", Connection)]
    return options
