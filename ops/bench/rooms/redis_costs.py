"""What Redis holds and does: bytes per waiting, queued and tracked message; commands and processor time for each."""

from typing import Final

from ops.bench import draining
from ops.bench.arena import Arena, arena
from ops.bench.draining import AccountPlan
from ops.bench.plan import Bench
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName

WAITING: Final = "bytes waiting"
QUEUED: Final = "bytes queued"
TRACKED: Final = "bytes tracked"
_NEVER: Final = 3600.0
_BUCKET: Final = AccountName("bench")
_NOTE: Final = (
    "Memory is the growth of Redis' used_memory per message: waiting = a stored recipient of a template campaign with"
    " two values; queued = what comes on top while it is fed to the queue and not sent; tracked = everything about a"
    " message that was submitted and waits for its report, the recipient included."
)


def row(count: int, family: str) -> str:
    """How a row is called."""
    return f"{count:,} recipients, {family}"


def run(bench: Bench) -> None:
    """Waiting and queued for each size; tracked for each family, up to the size that the plan drains."""
    sheet = bench.book.sheet("redis", "What Redis holds", _NOTE)
    for count in bench.plan.stored:
        figures = _stored(bench, count)
        sheet.add(f"{count:,} recipients", figures)
        bench.say(f"redis: {count:,} waiting: {figures[WAITING]:.1f} bytes, queued {figures[QUEUED]:.0f} bytes each")
    for count in bench.plan.tracked if bench.plan.is_whole else ():
        for family, slots in (("restv2", 100), ("smsc", 14)):
            figures = _tracked(bench, count, family, slots)
            sheet.add(row(count, family), figures)
            bench.say(f"redis: {count:,} tracked, {family}: {figures[TRACKED]:.0f} bytes each")


def _stored(bench: Bench, count: int) -> dict[str, float]:
    """Submit, then feed to an account whose first request is never answered."""
    with arena(slots=1, latency=_NEVER) as place:
        draining.configure(place, AccountPlan(slots=1))
        draining.announce(place)
        draining.warm(bench, place)
        empty = used(place)
        draining.submit(bench, place, count)
        waiting = used(place)
        draining.start_workers(place, 1)
        place.wait_until(lambda: place.counted()["messages"] > 0, "the first message")
        queued = _full(place)
        return {WAITING: (waiting - empty) / count, QUEUED: (used(place) - waiting) / queued, "in the queue": queued}


def _full(place: Arena) -> int:
    """Wait until the feeder feeds no more; how many messages are in the queue."""
    name = keys.queue(_BUCKET, Lane.BULK)
    seen = [-1] * 25

    def is_still() -> bool:
        seen.append(int(place.redis.execute_command("ZCARD", name)))
        return seen[-1] > 0 and seen[-1] == seen[-25]

    place.wait_until(is_still, "a full queue")
    return seen[-1]


def _tracked(bench: Bench, count: int, family: str, slots: int) -> dict[str, float]:
    """Submit and send everything; no report comes."""
    with arena(slots=slots) as place:
        draining.configure(place, AccountPlan(family=family))
        workers = draining.start_workers(place, 1)
        draining.warm(bench, place)
        place.wait_until(lambda: place.counted()["messages"] > 0, "the first message")
        empty = used(place)
        told = draining.submit(bench, place, count)
        figures = draining.measured(place, workers, count + 1, since=1)
        draining.books_done(place, str(told["campaign"]), count, before=1)
        tracked = (used(place) - empty) / count
        return {TRACKED: tracked} | {name: figures[name] for name in ("redis µs", "commands", "round trips", "bytes")}


def used(place: Arena) -> float:
    """Redis' memory in bytes, without scripts and what buffers hold just now: what grows with the messages."""
    memory = place.redis.info("memory")
    others = ("mem_clients_normal", "mem_aof_buffer", "used_memory_scripts")
    return float(memory["used_memory"]) - sum(float(memory.get(name, 0)) for name in others)
