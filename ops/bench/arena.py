"""Where contenders run: one fresh Redis, one free gateway, and the children that take part; all end with it."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

import redis

from ops.children import with_parent
from ops.errors import OpsError
from ops.process_family import ProcessFamily, free_port
from ops.redis_server import RedisServer

CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
_PATIENCE: Final = 120.0
_READY_WITHIN: Final = 20.0
_LOOK_EVERY: Final = 0.02


class RedisLooks(Protocol):
    """What is asked of Redis here (redis-py's own types leave open whether its client is asynchronous)."""

    def info(self, section: str) -> dict[str, Any]:  # Any: numbers and words
        """One section of INFO."""

    def execute_command(self, *words: str) -> Any:  # Any: what the command answers
        """Any command."""

    def hgetall(self, name: str) -> dict[bytes, bytes]:
        """A hash."""

    def config_set(self, name: str, value: str) -> object:
        """Set one setting."""


class BenchError(OpsError):
    """A contender did not do its work in time, or something here could not be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """One Redis, one gateway, so many requests at once.

    Contenders use `redis_url`, which may lead through a proxy; our own looks use `redis`, which never does.
    `family` are the contenders; `ground` are gateway and proxy, which end after them: a worker stops in order.
    """

    family: ProcessFamily
    ground: ProcessFamily
    folder: Path
    redis: RedisLooks
    redis_pid: int
    redis_url: str
    gateway_url: str
    slots: int

    def environment(self) -> dict[str, str]:
        """What a contender's process is told."""
        return {
            "PYTHONPATH": os.fspath(CHECKOUT),
            "REDIS_URL": self.redis_url,
            "BENCH_URL": self.gateway_url,
            "BENCH_SLOTS": str(self.slots),
            "BENCH_KEY": "demo-key",
            "VOLLEY_CONFIG": os.fspath(self.folder / "volley.toml"),
            "VOLLEY_LOG_LEVEL": "warning",
        }

    def start(self, name: str, command: Sequence[str]) -> int:
        """Start a child; its process id."""
        self.family.start(name, command, self.environment())
        return self.family.pid(name)

    def run(self, command: Sequence[str]) -> str:
        """Run a child to its end; what it printed. BenchError with its words when it fails."""
        done = subprocess.run(  # noqa: S603  # our own modules
            with_parent(command),
            env=os.environ | self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BenchError(f"{' '.join(command[1:4])} failed ({done.returncode}): {done.stderr.strip()[-2000:]}")
        return done.stdout

    def new_gateway(self, name: str, latency: float) -> str:
        """Start one more gateway; its address."""
        return _gateway(self.ground, latency, name)

    def ask(self, path: str, gateway: str = "") -> bytes:
        """Ask the gateway, or the one at another address."""
        with urllib.request.urlopen(f"{gateway or self.gateway_url}{path}", timeout=30) as answer:  # noqa: S310  # ours
            body: bytes = answer.read()
            return body

    def counted(self) -> dict[str, float]:
        """The gateway's counters, see `gateway_book.Book.counted`."""
        told: dict[str, float] = json.loads(self.ask("/count"))
        return told

    def wait_until(self, done: Callable[[], bool], what: str, within: float = _PATIENCE) -> None:
        """Look until `done`; BenchError after `within` seconds, or with a child's last words when one ended."""
        ends = time.monotonic() + within
        while not done():
            self.family.check()
            self.ground.check()
            if time.monotonic() > ends:
                raise BenchError(f"{what}: not within {within:.0f} s")
            time.sleep(_LOOK_EVERY)


@contextmanager
def arena(
    *, slots: int, latency: float = 0.0, distance: float = 0.0, append_only: bool = True, gateway: bool = True
) -> Iterator[Arena]:
    """A fresh arena. Seconds: `latency` of each send at the gateway, `distance` added to each round trip to Redis.

    Everybody reaches Redis over TCP on the loopback. The append-only file is on unless told otherwise.
    """
    with (
        tempfile.TemporaryDirectory(prefix="volley-bench-") as name,
        RedisServer(Path(name) / "redis") as server,
        ProcessFamily(Path(name), os.environ) as ground,
        ProcessFamily(Path(name), os.environ) as family,
    ):
        client = redis.Redis.from_url(server.url)
        looks = cast("RedisLooks", client)
        port = _listening(looks, append_only=append_only)
        target = _far(ground, port, distance) if distance else port
        yield Arena(
            family=family,
            ground=ground,
            folder=Path(name),
            redis=looks,
            redis_pid=server.pid,
            redis_url=f"redis://127.0.0.1:{target}",
            gateway_url=_gateway(ground, latency) if gateway else "",
            slots=slots,
        )
        client.close()


def _listening(client: RedisLooks, *, append_only: bool) -> int:
    port = free_port()
    client.config_set("bind", "127.0.0.1")
    client.config_set("port", str(port))
    if not append_only:
        client.config_set("appendonly", "no")
    return port


def _far(family: ProcessFamily, port: int, distance: float) -> int:
    command = [sys.executable, "-m", "ops.bench.proxy", "--to", str(port), "--delay", str(distance)]
    line = family.start_and_read("proxy", command, within=_READY_WITHIN)
    return int(json.loads(line)["port"])


def _gateway(family: ProcessFamily, latency: float, name: str = "gateway") -> str:
    command = [sys.executable, "-m", "ops.bench.gateway", "--latency", str(latency)]
    line = family.start_and_read(name, command, within=_READY_WITHIN)
    return str(json.loads(line)["gateway"])
