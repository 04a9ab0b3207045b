"""A provider that costs nothing: answers every send at once (or after a fixed latency), and counts.

It speaks just enough HTTP/1.1 for a keep-alive client, in one process of its own, so that what is measured
is the sender and not the server. `GET /count` tells how many requests came, `GET /arrivals` the time of each
(doubles, as the machine has them), `GET /urgent` when each urgent MSISDN came; `GET /latency/SECONDS` sets the
latency.
"""

import argparse
import asyncio
import json
import sys
from typing import Final, cast

import uvloop

from ops.bench.gateway_answers import Answers
from ops.bench.gateway_book import Book

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_LENGTH: Final = b"\r\ncontent-length:"


class Gateway:
    """One book, its answers, and how long each send takes."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.book = Book()
        self._answers = Answers(self.book)

    def answer(self, path: bytes, form: bytes) -> tuple[bytes, bool]:
        """The body of the answer, and whether this was a send."""
        if path.startswith(b"/latency/"):
            self.latency = float(path[9:])
            return b"{}", False
        return self._answers.answer(path, form)


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (uvloop's is no subclass of asyncio's)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            size = end + 4 + _content_length(head)
            if len(self._buffer) < size:
                return
            form, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
            self._answer(head.split(b" ", 2)[1], form)

    def _answer(self, path: bytes, form: bytes) -> None:
        body, is_send = self._gateway.answer(path, form)
        if is_send and self._gateway.latency:
            asyncio.get_running_loop().call_later(self._gateway.latency, self._write, body, is_send)
        else:
            self._write(body, is_send)

    def _write(self, body: bytes, is_send: bool) -> None:  # noqa: FBT001  # called just above
        if is_send:
            self._gateway.book.answered()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_HEAD % (len(body), body))


def _content_length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    if at < 0:
        return 0
    return int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def _serve(latency: float) -> None:
    gateway = Gateway(latency)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(gateway), "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"gateway": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.gateway", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer to a send")
    uvloop.run(_serve(parser.parse_args().latency))


if __name__ == "__main__":
    main()
