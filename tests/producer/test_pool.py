"""The connection pool: which addresses it takes, and how long a call waits for a server that is away."""

import time

import pytest
import uvloop
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from ops.redis_server import RedisServer
from producer import pool
from producer.connections import FollowingConnection, FollowingTlsConnection, NotPrimaryError, UnixConnection
from producer.pool import check, connect
from producer.sentinel import Watched
from tests.support import wait_until


def test_a_sentinel_address_names_sentinels_service_and_database() -> None:
    read = Watched.read("sentinel://alex:s%40cret@one:26380,two,[::1]:5/main/3?socket_timeout=2&sentinel_password=pw")
    assert read.sentinels == (("one", 26380), ("two", 26379), ("::1", 5))
    assert read.service == "main"
    assert read.options == {"username": "alex", "password": "s@cret", "db": 3, "socket_timeout": 2.0}
    assert read.login == {"password": "pw"}
    assert not read.tls
    assert "cret" not in repr(read)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://localhost",
        "sentinel://",
        "sentinel:///main",
        "sentinel://one",
        "sentinel://one/",
        "sentinel://one/main/zero",
        "sentinel://one:port/main",
        "sentinel://one,,two/main",
        "redis://localhost?socket_timeout=soon",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as refused:
        check(url.replace("://", "://:hunter2@"))
    assert "hunter2" not in str(refused.value)


def test_tls_under_sentinel_is_asked_for_by_an_option() -> None:
    plain, tls = connect("sentinel://one/main"), connect("sentinel://one/main?ssl=true&ssl_cert_reqs=none")
    assert plain.connection_pool.connection_class is FollowingConnection  # type: ignore[attr-defined]
    assert tls.connection_pool.connection_class is FollowingTlsConnection  # type: ignore[attr-defined]


async def test_without_any_sentinel_the_error_names_those_that_were_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_RETRIES", 0)
    client = connect("sentinel://127.0.0.1:1,127.0.0.1:2/main")
    with pytest.raises(RedisConnectionError, match=r"no Sentinel knows .*127\.0\.0\.1:1 .*127\.0\.0\.1:2"):
        await client.ping()
    await client.aclose()


async def test_a_call_on_a_lost_connection_waits_no_longer_than_one_on_a_new_one(
    own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the call's tries connected with all the tries of a connection: 17 seconds became four minutes."""
    monkeypatch.setattr(pool, "_RETRIES", 3)
    monkeypatch.setattr(pool, "_LONGEST_PAUSE", 0.01)
    tries: list[float] = []

    async def counted(connection: AbstractConnection) -> None:
        tries.append(time.monotonic())
        await usual(connection)

    client = connect(own_redis_server.url)
    await client.ping()
    own_redis_server.kill()
    usual = UnixConnection._connect
    monkeypatch.setattr(UnixConnection, "_connect", counted)
    with pytest.raises(RedisConnectionError):
        await client.ping()
    assert 1 <= len(tries) <= 5
    await client.aclose()


async def test_a_server_that_became_a_replica_is_left_with_a_word(
    own_redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_RETRIES", 1)
    client = connect(own_redis_server.url)
    async with Redis.from_url(own_redis_server.url) as server:
        await server.replicaof("127.0.0.1", 1)
    with pytest.raises(NotPrimaryError, match="is a replica"):
        await client.delete("volley:none")
    await client.aclose()


def test_a_connection_that_uvloop_closed_between_two_steps_is_a_lost_one(redis_url: str) -> None:
    """uvloop raises RuntimeError where asyncio raises an OSError: a sender whose Redis was killed ended of it."""

    async def use_closed_connections() -> None:
        client = connect(redis_url)
        connection = await client.connection_pool.get_connection()
        connection._writer.transport.abort()
        await wait_until(lambda: "closed=True" in repr(connection._writer.transport), description="it is closed")
        with pytest.raises(RedisConnectionError, match="closed while it was used"):
            await connection.send_command("PING")
        await connection.connect()
        connection._writer.writelines = defect
        with pytest.raises(RuntimeError, match="another one"):
            await connection.send_command("PING")
        await client.connection_pool.release(connection)
        await client.ping()
        await client.aclose()

    def defect(_: object) -> None:
        raise RuntimeError("another one")

    uvloop.run(use_closed_connections())
