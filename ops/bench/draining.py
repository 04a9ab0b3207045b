"""Draining a queue: fill it, start the workers, and let the gateway's record and the processors' time tell."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ops.bench import arrivals, metering
from ops.bench.arena import Arena, BenchError
from ops.bench.contenders import Contender, python_of
from ops.bench.plan import Bench
from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.states import State

RATE: Final = "messages/s"
_BOOKS_WITHIN: Final = 30.0
_START_WITHIN: Final = 30.0
_OPEN: Final = (State.QUEUED, State.IN_FLIGHT, State.DEFERRED)
_ACCOUNT: Final = """
[accounts.{name}]
family = "{family}"
base_url = "{url}"
key = "key-{name}"
limits = {{ rate = {rate}, in_flight = {slots}{batch} }}
{extra}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPlan:
    """One account of Volley's in the arena; by default one that no limit holds up."""

    name: str = "bench"
    family: str = "restv2"
    rate: float = 100_000
    slots: int = 0
    batch: int = 0
    url: str = ""
    extra: str = ""

    def as_toml(self, place: Arena) -> str:
        """Its table in volley.toml."""
        return _ACCOUNT.format(
            name=self.name,
            family=self.family,
            url=self.url or place.gateway_url,
            rate=self.rate,
            slots=self.slots or place.slots,
            batch=f", batch = {self.batch}" if self.batch else "",
            extra=self.extra,
        )


def configure(place: Arena, *accounts: AccountPlan, more: str = "") -> None:
    """Write Volley's configuration; `more` are tables beside the accounts'."""
    text = more + "".join(account.as_toml(place) for account in accounts)
    (place.folder / "volley.toml").write_text(text, encoding="utf-8")


def announce(place: Arena) -> None:
    """Announce the configured accounts, for a producer that comes before any worker."""
    place.run([sys.executable, "-m", "worker", "announce"])


def submit(bench: Bench, place: Arena, count: int, account: str = "bench", url: str = "") -> dict[str, float | str]:
    """Submit `count` recipients to Volley in a process of its own; what the submitter tells."""
    file = str(bench.rows.file(count))
    printed = place.run([sys.executable, "-m", "ops.bench.submitter", file, account, url or place.redis_url])
    told: dict[str, float | str] = json.loads(printed)
    return told


def warm(bench: Bench, place: Arena) -> None:
    """Submit one recipient: the first campaign ever takes 350 KB of Redis that no later one takes."""
    submit(bench, place, 1)


def start_workers(place: Arena, processes: int, role: str = "send", name: str = "worker") -> list[int]:
    """Start worker processes of Volley, and wait until one has announced the accounts; their process ids."""
    command = [sys.executable, "-m", "worker", role]
    workers = [place.start(f"{name} {number}", command) for number in range(processes)]
    place.wait_until(lambda: bool(place.redis.hgetall(keys.ACCOUNTS)), "the accounts", _START_WITHIN)
    return workers


def bare(bench: Bench, place: Arena, count: int) -> dict[str, float]:
    """The bare loop."""
    command = [sys.executable, "-m", "ops.bench.bare", str(bench.rows.file(count))]
    return measured(place, [place.start("bare", command)], count)


def queue(bench: Bench, place: Arena, contender: Contender, count: int, processes: int = 1) -> dict[str, float]:
    """A peer: fill, then drain."""
    python = python_of(contender, bench.peers)
    place.run(contender.filling(python, bench.rows.file(count)))
    command = contender.working(python, place.slots)
    workers = [place.start(f"worker {number}", command) for number in range(processes)]
    return measured(place, workers, count)


def volley(
    bench: Bench, place: Arena, count: int, processes: int = 1, account: AccountPlan | None = None
) -> dict[str, float]:
    """Volley with all its books: submit, drain, and see that every message is recorded."""
    configure(place, account or AccountPlan())
    workers = start_workers(place, processes)
    told = submit(bench, place, count)
    figures = measured(place, workers, count)
    return figures | {"recorded after s": books_done(place, str(told["campaign"]), count)}


def measured(place: Arena, workers: Sequence[int], count: int, since: int = 0) -> dict[str, float]:
    """Wait until `count` messages came; the rate, and what each message cost in the meantime.

    `since`: how many requests had come before, which are none of these.
    """
    place.wait_until(lambda: place.counted()["requests"] > since, "the first message")
    first = metering.read(place, workers)
    place.wait_until(lambda: place.counted()["messages"] >= count, f"{count} messages")
    last = metering.read(place, workers)
    times = arrivals.unpacked(place.ask("/arrivals"))[since:]
    each = last.messages / last.requests
    return {
        RATE: arrivals.per_second(times) * each,
        "steady": arrivals.steady(times) * each,
        **metering.costs(first, last),
        "requests per 1,000": 1000 / each,
    }


def books_done(place: Arena, campaign: str, count: int, before: int = 0) -> float:
    """Wait until every message of the campaign is recorded; seconds since now.

    `before`: messages of earlier campaigns. BenchError when one was sent twice or never.
    """
    began = time.monotonic()
    name = keys.counts(CampaignId(campaign))

    def is_recorded() -> bool:
        counts = {state.decode(): int(number) for state, number in place.redis.hgetall(name).items()}
        return not any(counts.get(state, 0) for state in _OPEN) and sum(counts.values()) >= count

    place.wait_until(is_recorded, "every message recorded", _BOOKS_WITHIN)
    sent = place.counted()["messages"]
    if sent != count + before:
        raise BenchError(f"{sent:.0f} messages arrived, {count + before} were submitted")
    return time.monotonic() - began
