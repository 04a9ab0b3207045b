"""Servers on loopback for tests of the exchange: bare sockets that misbehave as a test says, and keep what came."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from worker.providers.exchange import Exchange
from worker.providers.requests import HttpRequest

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
