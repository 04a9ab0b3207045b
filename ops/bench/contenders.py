"""What is measured: each contender sends N messages to the free gateway; the gateway's own count is the figure."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.bench.stock import QUEUE, pool
from ops.children import with_parent
from ops.errors import OpsError
from producer.client import CampaignProducer
from producer.directory import accounts
from producer.pool import connect

_PATIENCE: Final = 180.0
_SETTINGS: Final = """
[accounts.bench]
family = "restv2"
base_url = "{url}"
key = "env:BENCH_KEY"
limits = {{ rate = 100000, in_flight = {slots} }}
"""


class BenchError(OpsError):
    """A contender did not send everything in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """Where contenders run: one Redis, one gateway, so many requests at once."""

    redis_url: str
    gateway_url: str
    slots: int
    folder: Path

    def environment(self) -> dict[str, str]:
        """What a contender's process is told."""
        config = self.folder / "volley.toml"
        config.write_text(_SETTINGS.format(url=self.gateway_url, slots=self.slots), encoding="utf-8")
        return os.environ | {
            "REDIS_URL": self.redis_url,
            "BENCH_URL": self.gateway_url,
            "BENCH_KEY": "demo-key",
            "VOLLEY_CONFIG": str(config),
            "VOLLEY_LOG_LEVEL": "warning",
        }

    def rate_of(self, count: int) -> float:
        """Wait until `count` messages have arrived; messages a second between the first and the last."""
        ends = time.monotonic() + _PATIENCE
        while time.monotonic() < ends:
            told = _asked(f"{self.gateway_url}/count")
            if told["sends"] >= count:
                return (told["sends"] - 1) / (told["last"] - told["first"])
            time.sleep(0.05)
        raise BenchError(f"only {told['sends']} of {count} messages arrived within {_PATIENCE:.0f} s")


@contextmanager
def arena(redis_url: str, *, slots: int, latency: float = 0.0) -> Iterator[Arena]:
    """An arena with its own gateway process."""
    command = [sys.executable, "-m", "ops.bench.gateway", "--latency", str(latency)]
    with tempfile.TemporaryDirectory(prefix="volley-bench-") as folder, running(command) as process:
        line = process.stdout.readline() if process.stdout else ""
        yield Arena(redis_url=redis_url, gateway_url=json.loads(line)["gateway"], slots=slots, folder=Path(folder))


def bare(place: Arena, count: int) -> float:
    """A bare aiohttp loop: messages a second."""
    _asked(f"{place.gateway_url}/reset")
    with running([sys.executable, "-m", "ops.bench.bare", str(count), str(place.slots)], place.environment()):
        return place.rate_of(count)


def stock(place: Arena, count: int, *, tuned: bool) -> float:
    """A stock arq worker: messages a second, without any books."""
    asyncio.run(_enqueue_stock(place.redis_url, count))
    _asked(f"{place.gateway_url}/reset")
    command = [sys.executable, "-m", "ops.bench.stock", "tuned" if tuned else "default"]
    with running(command, place.environment()):
        return place.rate_of(count)


def volley(place: Arena, count: int, *, processes: int = 1) -> tuple[float, float]:
    """Volley with all its books: messages a second sent, and recipients a second submitted."""
    _asked(f"{place.gateway_url}/reset")
    environment = place.environment()
    subprocess.run([sys.executable, "-m", "worker", "announce"], env=environment, check=True)
    submitted = asyncio.run(_submit(place.redis_url, count))
    with running([sys.executable, "-m", "worker", "send"], environment):
        extra = [running([sys.executable, "-m", "worker", "send"], environment) for _ in range(processes - 1)]
        for each in extra:
            each.__enter__()
        try:
            return place.rate_of(count), submitted
        finally:
            for each in extra:
                each.__exit__(None, None, None)


@contextmanager
def running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A child process that is ended with the block, and with us."""
    process = subprocess.Popen(  # noqa: S603 - our own modules
        with_parent(command), env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def _enqueue_stock(redis_url: str, count: int) -> None:
    redis = pool(redis_url)
    try:
        for start in range(0, count, 200):
            numbers = range(start, min(start + 200, count))
            await asyncio.gather(*(redis.enqueue_job("send", number, _queue_name=QUEUE) for number in numbers))
    finally:
        await redis.aclose()


async def _submit(redis_url: str, count: int) -> float:
    redis = connect(redis_url)
    try:
        if "bench" not in await accounts(redis):
            raise BenchError("the bench account was not announced")
        rows = ({"to": f"3069{number:08d}", "name": f"N{number}"} for number in range(count))
        began = time.monotonic()
        await CampaignProducer(redis).submit(
            account_name="bench", text="Hello $name, this is a message", recipients=rows
        )
        return count / (time.monotonic() - began)
    finally:
        await redis.aclose()


def _asked(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own gateway
        told: dict[str, float] = json.loads(answer.read())
        return told
