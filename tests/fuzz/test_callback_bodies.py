"""Callbacks over the network that hurt: bombs, no end, no speed, odd bytes. The next right one is always taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from producer.contract import keys
from tests.fuzz.bombs import DEFLATE, GZIP, bomb
from tests.fuzz.bounds import within
from tests.support import PATIENCE
from tests.worker.plain import NAME
from tests.worker.scene import Scene, scene
from worker import callbacks
from worker.callbacks import kept, mount, path_of
from worker.providers.pushes import PushKey
from worker.providers.registry import FAMILIES
from worker.settings import Account, Settings

SECRET = "a-secret-of-our-own"
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"


class Box:
    """A served callback address, and bare sockets to it."""

    def __init__(self, stage: Scene, account: Account, port: int) -> None:
        self.stage = stage
        self.path = path_of(account)
        self._port = port

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def answer_to(self, *pieces: bytes) -> bytes:
        """The first line of what is answered, or nothing where the connection is closed."""
        async with self.opened() as (reader, writer):
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                async with asyncio.timeout(PATIENCE):
                    return (await reader.readline()).strip()
            except ConnectionError:
                return b""

    def head(self, *fields: bytes, query: bytes = b"") -> bytes:
        lines = [b"POST " + self.path.encode() + query + b" HTTP/1.1", b"Host: localhost", *fields, b"", b""]
        return b"\r\n".join(lines)

    async def works(self) -> bool:
        """Whether the receiver still takes what is right."""
        body = b"id=c1&phone=79991234567&status=1"
        head = self.head(b"Content-Length: %d" % len(body), query=f"?secret={SECRET}".encode())
        return await self.answer_to(head + body) == b"HTTP/1.1 200 OK"


@pytest.fixture
async def stage(redis: Redis, redis_url: str) -> AsyncIterator[Scene]:
    async with scene(redis_url) as made:
        yield made


@pytest.fixture
async def box(stage: Scene) -> AsyncIterator[Box]:
    account = replace(stage.account, family=FAMILIES["smsc"], push_key=PushKey(secret=SECRET))
    app = web.Application()
    mount(app, stage.redis, Settings(redis_url="redis://", accounts={NAME: account}))
    server = TestServer(app)
    await server.start_server()
    yield Box(stage, account, server.port or 0)
    await server.close()


async def test_a_callback_may_come_in_pieces(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what had come with the first piece was read: the rest was cut off, and the signature did not fit."""
    body = b"id=c1&phone=79991234567&status=1"
    begun, whole = asyncio.Event(), callbacks._body

    async def told(request: web.Request) -> bytes | None:
        begun.set()
        return await whole(request)

    monkeypatch.setattr(callbacks, "_body", told)
    async with box.opened() as (reader, writer):
        writer.write(box.head(b"Content-Length: %d" % len(body), query=f"?secret={SECRET}".encode()) + body[:5])
        await writer.drain()
        await begun.wait()
        writer.write(body[5:])
        assert (await reader.readline()).strip() == b"HTTP/1.1 200 OK"
    [(_, fields)] = await box.stage.redis.xrange(keys.pushed(NAME))
    assert kept(fields).body == body


@pytest.mark.parametrize("encoding", [b"gzip", b"deflate"])
async def test_a_bomb_as_a_callback_is_too_large(box: Box, encoding: bytes) -> None:
    data = bomb(GZIP if encoding == b"gzip" else DEFLATE)[:60_000]
    head = box.head(b"Content-Encoding: " + encoding, b"Content-Length: %d" % len(data))
    with within(seconds=10.0, megabytes=64):
        assert await box.answer_to(head, data) == b"HTTP/1.1 413 Request Entity Too Large"
    assert await box.works()


async def test_a_callback_without_end_is_too_large(box: Box) -> None:
    with within(seconds=10.0, megabytes=64):
        said = await box.answer_to(box.head(b"Transfer-Encoding: chunked"), *[CHUNK] * 100)
        assert said in {
            b"HTTP/1.1 413 Request Entity Too Large",
            b"",
        }  # the connection may be closed before it is read
    assert await box.works()


async def test_a_callback_that_says_it_is_long_is_not_waited_for(box: Box) -> None:
    said = await box.answer_to(box.head(b"Content-Length: 999999999999999"))
    assert said == b"HTTP/1.1 413 Request Entity Too Large"


async def test_a_callback_that_does_not_come_is_not_waited_for(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "_SLOWEST", 0.2)
        said = await box.answer_to(box.head(b"Content-Length: 100"), b"id=")
    assert said == b"HTTP/1.1 408 Request Timeout"
    assert await box.works()


ODD = {
    "raw bytes in the query": lambda box: box.head(b"Content-Length: 0", query=b"?a=\xff\xfe&id=\xd0"),
    "half a surrogate pair in the query": lambda box: box.head(b"Content-Length: 0", query=b"?a=%ED%A0%80"),
    "a NUL in the query": lambda box: box.head(b"Content-Length: 0", query=b"?a=%00"),
    "raw bytes in the content type": lambda box: box.head(b"Content-Type: \xff/\xfe", b"Content-Length: 2") + b"a=",
    "a query without end": lambda box: box.head(b"Content-Length: 0", query=b"?" + b"a=1&" * 5000),
    "a gzip that is none": lambda box: box.head(b"Content-Encoding: gzip", b"Content-Length: 4") + b"none",
    "a chunk that is none": lambda box: box.head(b"Transfer-Encoding: chunked") + b"zz\r\n\r\n",
    "two lengths": lambda box: box.head(b"Content-Length: 2", b"Content-Length: 3") + b"abc",
    "a length and chunks": lambda box: (
        box.head(b"Content-Length: 6", b"Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n"
    ),
    "a thousand fields": lambda box: box.head(*[b"X-%d: 1" % n for n in range(1000)], b"Content-Length: 0"),
    "no HTTP": lambda _: b"\x16\x03\x01" * 100 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", ODD)
async def test_an_odd_callback_is_answered_and_the_next_one_taken(box: Box, name: str) -> None:
    """Never 500: what cannot be read is refused, and what is not signed is forged."""
    said = await box.answer_to(ODD[name](box))
    assert not said or int(said.split()[1]) in {400, 403, 413, 414, 431}, said
    assert await box.works()
