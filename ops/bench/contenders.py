"""Who is measured: for each, how its queue is filled and how its worker is started."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VOLLEY: Final = "volley, all books kept"
BARE: Final = "bare aiohttp, no queue"
ARQ: Final = "stock arq, default"
ARQ_TUNED: Final = "stock arq, tuned"

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One queue. `pace` is about what it does in a second, to choose how much it is given.

    `module` runs in Volley's environment, or in the peers' environment called `home`. `enqueue` are the words
    behind the file of rows; `work` gives the worker's words for so many slots.
    """

    label: str
    module: str
    pace: int
    enqueue: Words = ()
    work: Callable[[int], Words] = lambda _: ("work",)
    home: str = ""
    settings: str = ""

    def filling(self, python: Path | str, rows: Path) -> list[str]:
        """The command that enqueues every row."""
        return [str(python), "-m", self.module, "enqueue", str(rows), *self.enqueue]

    def working(self, python: Path | str, slots: int) -> list[str]:
        """The command of one worker process."""
        return [str(python), "-m", self.module, *self.work(slots)]


STOCK: Final = (
    Contender(
        label=ARQ_TUNED,
        module="ops.bench.peers.arq_peer",
        pace=2200,
        enqueue=("gathered",),
        work=lambda _: ("work", "tuned"),
        settings="max_jobs 500, poll_delay 0.01, keep_result 0, uvloop",
    ),
    Contender(
        label=ARQ,
        module="ops.bench.peers.arq_peer",
        pace=200,
        enqueue=("gathered",),
        work=lambda _: ("work", "default"),
        settings="as it comes, uvloop",
    ),
)
PEERS: Final = (
    Contender(
        label="SAQ",
        module="ops.bench.peers.saq_peer",
        pace=1900,
        enqueue=("100",),
        work=lambda slots: ("work", str(slots)),
        home="peers",
        settings="concurrency = slots, ttl -1 (no results), uvloop",
    ),
    Contender(
        label="streaq",
        module="ops.bench.peers.streaq_peer",
        pace=1300,
        enqueue=("500",),
        work=lambda slots: ("work", str(slots), str(slots)),
        home="peers",
        settings="concurrency and prefetch = slots, ttl 0 (no results), silent, uvloop",
    ),
    Contender(
        label="taskiq",
        module="ops.bench.peers.taskiq_peer",
        pace=1900,
        enqueue=("stream", "100"),
        work=lambda slots: ("work", "stream", str(slots)),
        home="taskiq",
        settings="RedisStreamBroker, no result backend, max_async_tasks and max_prefetch = slots, uvloop",
    ),
)


def python_of(contender: Contender, peers: Mapping[str, Path]) -> Path | str:
    """The interpreter that runs it."""
    return peers[contender.home] if contender.home else sys.executable
