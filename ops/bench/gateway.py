"""A provider that costs nothing: answers every restv2 send at once (or after a fixed latency), and counts.

It speaks just enough HTTP/1.1 for a keep-alive client, in one process of its own, so that what is measured
is the sender and not the server. `GET /count` tells how many requests came and when first and last.
"""

import argparse
import asyncio
import importlib
import json
import sys
import time
from importlib.util import find_spec
from typing import Final, cast

_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_ANSWER: Final = b'{"status":"1","id":"%d","balance":"1000000","remarks":"Success"}'
_NOTHING: Final = b'{"status":"1","balance":"1000000","total":"0","error":"0","remarks":"Info: No pending reports"}'


class Counter:
    """Requests so far, and the monotonic times of the first and the newest."""

    def __init__(self) -> None:
        self.sends = 0
        self.first = 0.0
        self.last = 0.0

    def send(self) -> int:
        """Count one send; its number."""
        now = time.monotonic()
        if not self.sends:
            self.first = now
        self.last = now
        self.sends += 1
        return self.sends

    def told(self) -> bytes:
        """What `GET /count` answers."""
        told = json.dumps({"sends": self.sends, "first": self.first, "last": self.last, "now": time.monotonic()})
        return told.encode()

    def reset(self) -> None:
        """Begin to count from nothing."""
        self.sends = 0
        self.first = self.last = 0.0


class Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, counter: Counter, latency: float) -> None:
        self._counter = counter
        self._latency = latency
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (uvloop's is no subclass of asyncio's)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end]
            size = end + 4 + _content_length(head)
            if len(self._buffer) < size:
                return
            self._buffer = self._buffer[size:]
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        if path.endswith(b"/sms/send"):
            body = _ANSWER % self._counter.send()
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._write, body)
                return
        elif path == b"/count":
            body = self._counter.told()
        elif path == b"/reset":
            self._counter.reset()
            body = b"{}"
        else:
            body = _NOTHING
        self._write(body)

    def _write(self, body: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_HEAD % (len(body), body))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _serve(latency: float) -> None:
    counter = Counter()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(counter, latency), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"gateway": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.gateway", description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    latency = parser.parse_args().latency
    factory = importlib.import_module("uvloop").new_event_loop if find_spec("uvloop") else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(latency))


if __name__ == "__main__":
    main()
