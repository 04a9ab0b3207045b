"""The exchange against real servers on loopback: each way a request can end, and that it leaves once.

The servers are bare sockets, so that each can misbehave exactly as its test says, and each keeps what it received.
"""

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import parse_qsl

import pytest

from tests.support import wait_until
from worker.providers.exchange import AnswerLost, Exchange, NotSent, Withheld
from worker.providers.interface import Answer, HttpRequest

REQUEST = HttpRequest(
    call="send",
    path="/sys/send.php",
    form=(("phones", "+79991234567"), ("mes", "Привет & = +\n")),
    credentials=(("login", "alex"), ("psw", "secret")),
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behaviour = Callable[["Server", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A server that reads whole requests and then does what its test says. `behave` None: it never reads."""

    behave: Behaviour | None
    port: int = 0
    connections: int = 0
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    bytes_read: bytearray = field(default_factory=bytearray)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.behave is None:
            while piece := await reader.read(1000):
                self.bytes_read += piece
            return False
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((head.decode(), body))
        await self.behave(self, writer)
        return not writer.is_closing()


@asynccontextmanager
async def serving(behave: Behaviour | None) -> AsyncIterator[Server]:
    server = Server(behave=behave)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in server.tasks:
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)


def exchanging(
    url: str, *, connections: int = 4, total: float = 60.0, connect: float = 60.0, longest: int = 10_000
) -> Exchange:
    return Exchange(
        url, connections=connections, total_timeout=total, connect_timeout=connect, longest_answer=longest
    )


def saying(*pieces: bytes, close: bool = True) -> Behaviour:
    async def behave(_: Server, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if close:
            writer.close()

    return behave


async def hanging(_: Server, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


# --- answers -------------------------------------------------------------------------------------------


async def test_an_answer_comes_back_whole_and_the_request_left_as_one_posted_form() -> None:
    async with serving(saying(OK, close=False)) as server, exchanging(server.url) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=200, body=b"ok")
    [(head, body)] = server.requests
    assert head.startswith("POST /sys/send.php HTTP/1.1\r\n")
    assert "application/x-www-form-urlencoded" in head
    assert "secret" not in head
    assert parse_qsl(body.decode(), keep_blank_values=True) == [*REQUEST.form, *REQUEST.credentials]


@pytest.mark.parametrize("ahead", [-3600, 0, 7200])
async def test_the_date_of_an_answer_tells_how_far_the_providers_clock_is_ahead(ahead: int) -> None:
    date = formatdate(time.time() + ahead, usegmt=True).encode()
    answer = saying(OK.replace(b"\r\n", b"\r\nDate: " + date + b"\r\n", 1))
    async with serving(answer) as server, exchanging(server.url) as exchange:
        assert exchange.clock_ahead is None
        await exchange.ask(REQUEST)
        assert exchange.clock_ahead == pytest.approx(ahead, abs=2)


@pytest.mark.parametrize("head", [b"", b"Date: yesterday\r\n", b"Date: Fri, 32 Nov 2026 10:00:00 GMT\r\n"])
async def test_an_answer_without_a_readable_date_tells_no_clock(head: bytes) -> None:
    answer = saying(OK.replace(b"\r\n", b"\r\n" + head, 1))
    async with serving(answer) as server, exchanging(server.url) as exchange:
        assert isinstance(await exchange.ask(REQUEST), Answer)
        assert exchange.clock_ahead is None


async def test_half_a_surrogate_pair_leaves_as_a_question_mark() -> None:
    async with serving(saying(OK)) as server, exchanging(server.url) as exchange:
        broken = HttpRequest(call="send", path="/", form=(("mes", "a\ud83d"),))
        assert await exchange.ask(broken) == Answer(status=200, body=b"ok")
    assert server.requests[0][1] == b"mes=a%3F"


async def test_a_path_in_the_base_url_is_kept() -> None:
    async with serving(saying(OK)) as server, exchanging(server.url + "/white/label/") as exchange:
        await exchange.ask(REQUEST)
    assert server.requests[0][0].startswith("POST /white/label/sys/send.php ")


async def test_a_server_error_is_an_answer() -> None:
    said = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    async with serving(saying(said)) as server, exchanging(server.url) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=503, body=b"<html>")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    said = f"HTTP/1.1 {status} Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(saying(said)) as server, exchanging(server.url) as exchange:
        assert await exchange.ask(REQUEST) == Answer(status=status, body=b"")
    assert len(server.requests) == 1


async def test_a_connection_is_used_again_and_cookies_are_not_kept() -> None:
    said = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1\r\nContent-Length: 2\r\n\r\nok"
    async with serving(saying(said, close=False)) as server, exchanging(server.url) as exchange:
        for _ in range(3):
            assert isinstance(await exchange.ask(REQUEST), Answer)
    assert server.connections == 1
    assert len(server.requests) == 3
    assert "cookie" not in server.requests[-1][0].lower()


# --- not sent: no byte of the request left -----------------------------------------------------------------


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
        saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 50_000_000)),
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


# --- the base URL ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "provider.test",
        "ftp://provider.test",
        "https://",
        "https://a:b@p.test",
        "https://p.test/?key=1",
        "http://[::1",
        "https://a..b",
        "https://" + "x" * 70,
        "https://xn--/",
    ],
)
async def test_a_base_url_that_cannot_be_right_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="base_url") as refusal:
        exchanging(url)
    assert "a:b" not in str(refusal.value)


# --- a request that waits for its turn ---------------------------------------------------------------------


async def test_a_request_waits_for_its_turn_with_its_connection_open() -> None:
    """Turns were waited for before connecting: a slow connect let the next requests arrive on its heels."""
    turn = asyncio.Event()

    async def may_leave() -> bool:
        await turn.wait()
        return True

    async with serving(saying(OK, close=False)) as server, exchanging(server.url) as exchange:
        asking = asyncio.create_task(exchange.ask_when(REQUEST, may_leave))
        await wait_until(lambda: server.connections == 1, description="the connection is open")
        assert server.requests == []
        turn.set()
        assert isinstance(await asking, Answer)
        assert len(server.requests) == 1


async def test_a_request_that_may_not_leave_any_more_is_withheld_whole() -> None:
    async def may_leave() -> bool:
        return False

    async with serving(None) as server, exchanging(server.url) as exchange:
        assert await exchange.ask_when(REQUEST, may_leave) == Withheld()
        await wait_until(lambda: server.connections == 1, description="there was a connection")
        assert server.bytes_read == b""


async def test_a_cancellation_withholds_what_has_not_left_and_is_raised_when_it_has() -> None:
    turn, is_asked = asyncio.Event(), asyncio.Event()

    async def may_leave() -> bool:
        is_asked.set()
        await turn.wait()
        return True

    async with serving(hanging) as server, exchanging(server.url) as exchange:
        waiting = asyncio.create_task(exchange.ask_when(REQUEST, may_leave))
        await is_asked.wait()
        waiting.cancel()
        assert await waiting == Withheld()
        turn.set()
        sent = asyncio.create_task(exchange.ask_when(REQUEST, may_leave))
        await wait_until(lambda: len(server.requests) == 1, description="the request is there")
        sent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sent


async def test_a_host_that_is_not_there_is_not_sent_to_and_has_no_turn() -> None:
    async def may_leave() -> bool:
        raise AssertionError("nothing could leave")

    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    async with exchanging(url) as exchange:
        assert isinstance(await exchange.ask_when(REQUEST, may_leave), NotSent)
