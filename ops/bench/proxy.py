"""A Redis farther away: a TCP proxy on the loopback that holds every answer back for a given time.

`python -m ops.bench.proxy --to PORT --delay SECONDS` prints the port that it listens on. Requests go through at
once and answers wait, which for a client is the same as half the time each way. An event loop's timers are
whole milliseconds; `select` on the epoll's own descriptor waits microseconds.
"""

import argparse
import ctypes
import json
import select
import socket
import sys
import time
from collections import deque
from typing import Final

_MOST: Final = 1 << 18
_MOST_EVENTS: Final = 64
_PR_SET_TIMERSLACK: Final = 29  # prctl(2): how late, in ns, the kernel may wake us; 50,000 unless set
_IDLE: Final = 1.0


class Proxy:
    """Every connection of one process. Sockets block for writing: peers here always read."""

    def __init__(self, to: int, delay: float) -> None:
        self._to = to
        self._delay = delay
        self._server = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._epoll = select.epoll()
        self._epoll.register(self._server, select.EPOLLIN)
        self._sockets: dict[int, socket.socket] = {}
        self._others: dict[int, int] = {}
        self._clients: set[int] = set()
        self._held: deque[tuple[float, int, bytes]] = deque()
        self.port: int = self._server.getsockname()[1]

    def run(self) -> None:
        """Serve until ended."""
        while True:
            select.select([self._epoll.fileno()], [], [], self._wait())
            for number, _ in self._epoll.poll(0, _MOST_EVENTS):
                if number == self._server.fileno():
                    self._accept()
                elif number in self._sockets:
                    self._move(number)
            self._release()

    def _wait(self) -> float:
        return max(0.0, self._held[0][0] - time.monotonic()) if self._held else _IDLE

    def _accept(self) -> None:
        client, _ = self._server.accept()
        server = socket.create_connection(("127.0.0.1", self._to))
        self._clients.add(client.fileno())
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[one.fileno()] = one
            self._others[one.fileno()] = other.fileno()
            self._epoll.register(one, select.EPOLLIN)

    def _move(self, number: int) -> None:
        try:
            data = self._sockets[number].recv(_MOST)
        except OSError:
            data = b""
        if not data:
            self._close(number)
        elif number in self._clients:
            self._send(self._others[number], data)
        else:
            self._held.append((time.monotonic() + self._delay, self._others[number], data))

    def _release(self) -> None:
        now = time.monotonic()
        while self._held and self._held[0][0] <= now:
            _, number, data = self._held.popleft()
            self._send(number, data)

    def _send(self, number: int, data: bytes) -> None:
        if number in self._sockets:
            try:
                self._sockets[number].sendall(data)
            except OSError:
                self._close(number)

    def _close(self, number: int) -> None:
        """Close both ends. What is held for a descriptor goes with it, lest a new connection gets it."""
        ends = {number, self._others[number]}
        for end in ends:
            self._clients.discard(end)
            self._others.pop(end)
            self._epoll.unregister(end)
            self._sockets.pop(end).close()
        self._held = deque(held for held in self._held if held[1] not in ends)


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m ops.bench.proxy", description=__doc__)
    parser.add_argument("--to", type=int, required=True, help="port of the real server on the loopback")
    parser.add_argument("--delay", type=float, required=True, help="seconds by which each answer is late")
    asked = parser.parse_args()
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    proxy = Proxy(asked.to, asked.delay)
    sys.stdout.write(json.dumps({"port": proxy.port}) + "\n")
    sys.stdout.flush()
    proxy.run()


if __name__ == "__main__":
    main()
