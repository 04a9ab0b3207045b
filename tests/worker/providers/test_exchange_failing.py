"""Requests that do not end in an answer: not sent, or lost, and sent once at most."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support import wait_until
from tests.worker.providers.serving import OK, REQUEST, Behaviour, Server, exchanging, hanging, saying, serving
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.requests import Answer


async def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can get the port, and it refuses
        async with exchanging(f"http://127.0.0.1:{taken.getsockname()[1]}") as exchange:
            assert await exchange.ask(REQUEST) == NotSent(reason="no connection")


async def test_a_name_that_does_not_resolve_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unresolved(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unresolved)
    async with exchanging("http://provider.invalid") as exchange:
        assert await exchange.ask(REQUEST) == NotSent(reason="name not resolved")


async def test_a_failed_tls_handshake_is_not_sent() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with exchanging(f"https://127.0.0.1:{port}") as exchange:
            assert await exchange.ask(REQUEST) == NotSent(reason="TLS failed")


async def test_a_tls_handshake_without_end_is_not_sent() -> None:
    async with serving(None) as server:
        async with exchanging(server.url.replace("http:", "https:"), connect=0.2) as exchange:
            assert await exchange.ask(REQUEST) == NotSent(reason="connect timeout")
        assert b"send.php" not in server.bytes_read


async def test_a_request_that_finds_no_free_connection_is_not_sent() -> None:
    async with serving(hanging) as server, exchanging(server.url, connections=1, connect=1) as exchange:
        first = asyncio.create_task(exchange.ask(REQUEST))
        await wait_until(lambda: server.requests, description="the first request has the connection")
        assert await exchange.ask(REQUEST) == NotSent(reason="connect timeout")
        assert len(server.requests) == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_the_total_timeout_before_a_connection_is_not_sent() -> None:
    async with serving(hanging) as server, exchanging(server.url, connections=1, total=1, connect=60) as exchange:
        first, second = await asyncio.gather(exchange.ask(REQUEST), exchange.ask(REQUEST))
        assert first == AnswerLost(reason="answer timeout")
        assert isinstance(second, NotSent | AnswerLost)
        assert len(server.requests) + isinstance(second, NotSent) == 2


async def test_a_closed_exchange_sends_nothing() -> None:
    async with serving(saying(OK)) as server:
        async with exchanging(server.url) as exchange:
            pass
        assert await exchange.ask(REQUEST) == NotSent(reason="closed")
        assert server.connections == 0


# --- answer lost: bytes may have left --------------------------------------------------------------------


@asynccontextmanager
async def everything_read(server: Server) -> AsyncIterator[None]:
    """Once the server has read a request that was made last of all, it has read all that were made."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /last HTTP/1.1\r\n\r\n")
    await wait_until(lambda: _last(server), description="the last request is read")
    server.requests.remove(_last(server))
    server.connections -= 1
    yield
    writer.close()


def _last(server: Server) -> tuple[str, bytes] | None:
    return next((request for request in server.requests if request[0].startswith("GET /last ")), None)


LOST = [
    pytest.param(saying(), "connection lost", id="closed without a word"),
    pytest.param(saying(b"HTTP/1.1 200 OK\r\nConte"), "connection lost", id="closed in the headers"),
    pytest.param(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"), "answer cut off", id="closed in the body"
    ),
    pytest.param(
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
        "answer cut off",
        id="closed in a chunk",
    ),
    pytest.param(saying(b"SSH-2.0-OpenSSH\r\n\r\n"), "answer malformed", id="another protocol"),
    pytest.param(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 20001\r\n\r\n" + b"x" * 20_001), "answer too long", id="too long"
    ),
    pytest.param(
        saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 50_000_000, 1)),
        "answer too long",
        id="too long when unpacked",
    ),
    pytest.param(
        saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),
        "answer cut off",
        id="not gzip",
    ),
    pytest.param(hanging, "answer timeout", id="silence"),
    pytest.param(
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", close=False),
        "answer timeout",
        id="silence in the body",
    ),
]


@pytest.mark.parametrize(("behave", "reason"), LOST)
async def test_without_a_whole_answer_it_is_lost_and_was_sent_once(behave: Behaviour, reason: str) -> None:
    total = 1.0 if reason == "answer timeout" else 60.0
    async with serving(behave) as server, exchanging(server.url, total=total) as exchange:
        assert await exchange.ask(REQUEST) == AnswerLost(reason=reason)
        async with everything_read(server):
            assert len(server.requests) == 1
            assert server.connections == 1


async def test_a_server_that_hangs_up_at_once_may_have_had_the_request() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with exchanging(f"http://127.0.0.1:{port}") as exchange:
            assert await exchange.ask(REQUEST) == AnswerLost(reason="connection lost")


async def test_a_used_connection_that_the_server_closes_is_lost_and_not_tried_again() -> None:
    """aiohttp repeats idempotent requests on a stale connection. A repeated POST would be an SMS sent twice."""

    async def once(server: Server, writer: asyncio.StreamWriter) -> None:
        await saying(*([OK] if len(server.requests) == 1 else []), close=len(server.requests) > 1)(server, writer)

    async with serving(once) as server, exchanging(server.url) as exchange:
        assert isinstance(await exchange.ask(REQUEST), Answer)
        assert await exchange.ask(REQUEST) == AnswerLost(reason="connection lost")
        async with everything_read(server):
            assert server.connections == 1
            assert len(server.requests) == 2


async def test_cancelling_is_passed_on() -> None:
    received = asyncio.Event()

    async def hang(server: Server, writer: asyncio.StreamWriter) -> None:
        received.set()
        await hanging(server, writer)

    async with serving(hang) as server, exchanging(server.url) as exchange:
        asking = asyncio.create_task(exchange.ask(REQUEST))
        await received.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
