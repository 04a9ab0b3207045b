"""Tracking: delivery reports applied per second, by each way in which they come, for growing numbers of messages."""

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops.bench import draining, metering
from ops.bench.arena import Arena, BenchError, arena
from ops.bench.draining import AccountPlan
from ops.bench.plan import Bench
from ops.process_family import free_port
from producer.contract import keys
from producer.contract.messages import AccountName, CampaignId
from producer.contract.states import State
from producer.directory import account
from producer.pool import connect

RATE: Final = "reports/s"
PER_CPU: Final = "reports per CPU s"
_SECRET: Final = "bench-callback-secret"  # noqa: S105  # of nobody
_POLL: Final = 0.1
_NO_LIMIT: Final = 100_000
_WINDOWS: Final = ("status_bulk.0", "messages.1")
"""What a provider allows a minute or an hour: forgotten again and again here, where applying is measured."""

_NOTE: Final = (
    "From the first report applied to the last, one worker process. Tracker µs are the processor time of the worker"
    " (callbacks: of the web process and the worker). status.php answers 200 messages and is asked ten times a second"
    " here, which a provider allows once a minute; callbacks are held to 2,000 a second by the receiver."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which reports come. `most`: how many are enough; `rate`: the account's while they come."""

    label: str
    mode: str
    family: str = "smsc"
    most: int = 10**9
    rate: float = _NO_LIMIT


DRAIN: Final = Way(label="status/get, drain", mode="drain", family="restv2")
HISTORY: Final = Way(label="get.php, history pages", mode="history")
EXPORT: Final = Way(label="CSV export", mode="export")
_BULK: Final = Way(label="status.php, bulk", mode="status", most=3000, rate=50)
_CALLBACKS: Final = Way(label="callbacks", mode="callback", most=6000)
WAYS: Final = (DRAIN, _BULK, HISTORY, EXPORT, _CALLBACKS)


def row(way: Way, count: int) -> str:
    """How a row is called."""
    return f"{way.label}, {count:,} tracked"


def run(bench: Bench) -> None:
    """Every way, at each number of messages tracked."""
    sheet = bench.book.sheet("tracking", "Reports applied", _NOTE)
    for count in bench.plan.tracked:
        for way in WAYS if bench.plan.is_whole else (DRAIN, EXPORT):
            figures = measure(bench, way, count)
            sheet.add(row(way, count), figures)
            bench.say(f"tracking: {row(way, count)}: {figures[RATE]:,.0f} reports/s")


def measure(bench: Bench, way: Way, count: int, distance: float = 0.0) -> dict[str, float]:
    """Send `count` messages, then let their reports come by one way."""
    with arena(slots=14 if way.family == "smsc" else 100, distance=distance) as place:
        _configure(place, way, _NO_LIMIT)
        draining.start_workers(place, 1)
        campaign = str(draining.submit(bench, place, count)["campaign"])
        place.wait_until(lambda: place.counted()["messages"] >= count, "every message sent")
        draining.books_done(place, campaign, count)
        place.family.end("worker 0")
        _configure(place, way, way.rate)
        place.ask(f"/mode/{way.mode}")
        workers = draining.start_workers(place, 1, role="track", name="tracker")
        workers += _more(place, way, count)
        return _applied(place, workers, campaign, min(count, way.most))


def _configure(place: Arena, way: Way, rate: float) -> None:
    extra = "" if way.family != "smsc" else f'callback_secret = "{_SECRET}"\nexports = true'
    more = f'[tracking]\npoll_every = {_POLL}\n[exports]\nfolder = "{place.folder / "exports"}"\n'
    draining.configure(place, AccountPlan(family=way.family, rate=rate, extra=extra), more=more)


def _more(place: Arena, way: Way, count: int) -> Sequence[int]:
    """Start what else a way needs; processes of ours whose time counts."""
    if way.mode == "export":
        place.start("wish", [sys.executable, "-m", "ops.cli", "export", "bench", "--watch"])
        return []
    if way.mode != "callback":
        return []
    port = free_port()
    web = place.start("web", [sys.executable, "-m", "ops.cli", "web", "--port", str(port)])
    url = f"http://127.0.0.1:{port}{_callback_path(place)}?charset=utf-8"
    place.wait_until(lambda: "http" in place.family.log("web").read_text(), "the web process")
    words = [url, _SECRET, place.gateway_url, str(min(count, way.most))]
    place.start("pusher", [sys.executable, "-m", "ops.bench.pusher", *words])
    return [web]


def _callback_path(place: Arena) -> str:
    printed = place.run([sys.executable, "-m", "worker", "callbacks"])
    found = re.search(r"(/callbacks/[\w/-]+)", printed)
    if found is None:
        raise BenchError(f"no callback address: {printed.strip()}")
    return found[1]


def _applied(place: Arena, workers: Sequence[int], campaign: str, count: int) -> dict[str, float]:
    """Wait until `count` are delivered; reports a second and what each cost."""
    name = keys.counts(CampaignId(campaign))
    login = asyncio.run(_login(place))
    windows = [keys.window(login, window) for window in _WINDOWS]

    def delivered() -> int:
        place.redis.execute_command("DEL", *windows)
        place.redis.execute_command("HDEL", keys.account(AccountName("bench")), "pages_at")
        return int(place.redis.execute_command("HGET", name, State.DELIVERED) or 0)

    place.wait_until(lambda: delivered() > 0, "the first report")
    began, first, before = time.monotonic(), delivered(), _cpu(place, workers)
    place.wait_until(lambda: delivered() >= count, f"{count} reports applied")
    seconds, after = time.monotonic() - began, _cpu(place, workers)
    reports = max(delivered() - first, 1)
    tracker = (after[0] - before[0]) * 1e6 / reports
    return {
        RATE: reports / seconds,
        PER_CPU: 1e6 / tracker if tracker else 0.0,
        "tracker µs": tracker,
        "redis µs": (after[1] - before[1]) * 1e6 / reports,
    }


async def _login(place: Arena) -> str:
    redis = connect(place.redis_url)
    try:
        return (await account(redis, AccountName("bench"))).login
    finally:
        await redis.aclose()


def _cpu(place: Arena, workers: Sequence[int]) -> tuple[float, float]:
    cpu = place.redis.info("cpu")
    return sum(map(metering.cpu_seconds, workers)), float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])
