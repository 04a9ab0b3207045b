"""The Redis connection pool that producer, worker and ops use: it waits out a restart of the server."""

from typing import Final, cast
from urllib.parse import parse_qs, urlsplit

from arq.connections import ArqRedis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from producer.contract.client import Client

_RETRIES: Final = 12
_LONGEST_PAUSE: Final = 2.0
_MOST_CONNECTIONS: Final = 64


def connect(url: str, *, connections: int = _MOST_CONNECTIONS) -> Client:
    """A client on `url` (redis://, rediss:// or unix://), with arq's enqueue methods.

    A call that meets a lost connection is tried again for about 15 seconds, then raises redis'
    ConnectionError. Options of the URL's query are redis-py's, for example `?ssl_cert_reqs=none`.
    """
    known = parse_qs(urlsplit(url).query)
    pool = BlockingConnectionPool.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=_LONGEST_PAUSE, base=0.05), _RETRIES),
        retry_on_error=[RedisConnectionError, RedisTimeoutError, OSError],
        **({} if "socket_timeout" in known else {"socket_timeout": 10}),
        health_check_interval=30,
        timeout=5,
        max_connections=connections,
    )
    client = ArqRedis(pool)
    client.auto_close_connection_pool = True  # redis-py leaves a given pool open, and its connections with it
    return cast("Client", client)
