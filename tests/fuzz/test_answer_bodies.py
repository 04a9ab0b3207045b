"""Answers over the network that hurt: bombs in gzip, no end, no speed, lengths that are lies."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.fuzz.bombs import DEFLATE, GZIP, bomb
from tests.fuzz.bounds import within
from tests.support import PATIENCE
from worker.providers.exchange import Answer, AnswerLost, Exchange
from worker.providers.requests import HttpRequest
from worker.providers.streams import Head

REQUEST = HttpRequest(call="balance", path="/", form=())
OK = b"HTTP/1.1 200 OK\r\n"

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(behave: Behaviour) -> AsyncIterator[str]:
    """A server that reads a request's head and then does as it is told."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behave(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def saying(*pieces: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return behave


def endless(head: bytes, piece: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return behave


def slow(head: bytes) -> Behaviour:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    return behave


CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"
LOST = {
    "gzip bomb": (lambda: saying(OK + b"Content-Encoding: gzip\r\n\r\n", bomb(GZIP)), "answer too long"),
    "deflate bomb": (lambda: saying(OK + b"Content-Encoding: deflate\r\n\r\n", bomb(DEFLATE)), "answer too long"),
    "gzip bomb in chunks": (
        lambda: saying(
            OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"%x\r\n" % len(bomb(GZIP)) + bomb(GZIP) + b"\r\n0\r\n\r\n",
        ),
        "answer too long",
    ),
    "no gzip at all": (
        lambda: saying(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"),
        "answer cut off",
    ),
    "endless": (lambda: endless(OK + b"\r\n", b"x" * 65536), "answer too long"),
    "endless chunks": (lambda: endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", CHUNK), "answer too long"),
    "endless head": (lambda: endless(OK, b"X-A: " + b"x" * 65536), "answer malformed"),
    "endless fields": (lambda: endless(OK, b"X-A: b\r\n" * 1000), "answer malformed"),
    "a length that is a lie": (
        lambda: saying(OK + b"Content-Length: 999999999999999999\r\n\r\n{}"),
        "answer cut off",
    ),
    "a length that is none": (lambda: saying(OK + b"Content-Length: -5\r\n\r\n{}"), "answer malformed"),
    "two lengths": (lambda: saying(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"), "answer malformed"),
    "a drop at a time": (lambda: slow(OK + b"Content-Length: 1000000\r\n\r\n"), "answer timeout"),
    "bytes that are no HTTP": (lambda: saying(b"\x16\x03\x01\x02\x00" * 100), "answer malformed"),
}


@pytest.mark.parametrize("name", LOST)
async def test_an_answer_that_hurts_is_lost_in_bounded_time_and_memory(name: str) -> None:
    behave, reason = LOST[name]
    patience = 5.0 if reason == "answer timeout" else PATIENCE
    async with serving(behave()) as url, Exchange(url, connections=1, total_timeout=patience) as exchange:
        with within(seconds=10.0, megabytes=64):
            ending = await exchange.ask(REQUEST)
    assert isinstance(ending, AnswerLost)
    assert ending.reason == reason


async def test_a_compressed_answer_is_read() -> None:
    body = zlib.compressobj(9, zlib.DEFLATED, GZIP)
    packed = body.compress(b'{"balance":"5"}') + body.flush()
    said = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    async with serving(saying(said)) as url, Exchange(url, connections=1) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=200, body=b'{"balance":"5"}')


class Counting:
    """A sink that only counts; everything is welcome."""

    def __init__(self) -> None:
        self.taken = 0

    def begin(self, head: Head) -> None:
        assert head.status == 200

    async def take(self, piece: bytes) -> bool:
        self.taken += len(piece)
        return True


async def test_a_streamed_bomb_ends_at_the_bound_of_its_bytes() -> None:
    sink = Counting()
    said = saying(OK + b"Content-Encoding: gzip\r\n\r\n", bomb(GZIP))
    async with serving(said) as url, Exchange(url, connections=1) as exchange:
        with within(seconds=10.0, megabytes=64):
            ending = await exchange.stream(REQUEST, sink, longest=2**24, within=20.0)
    assert ending == AnswerLost(reason="answer too long")
    assert sink.taken <= 2**24
