"""What the throttle permits, exactly: every permit with its time on Redis' clock, whoever asks, dies or acts."""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.messages import AccountName
from producer.pool import connect
from tests.reliability.arrivals import between, earliness, fullest, utilisation
from worker.throttle import Admission, Gate
from worker.throttle.gate import _ADMIT

log = logging.getLogger(__name__)

LOGIN = "login"
LEASE = 0.15
SLOTS = 12
ROUNDING = 0.002
"""Milliseconds: the script keeps times with three digits."""


@dataclass
class Book:
    """Every permit: when it opens (Redis' clock, ms) and how far from it the next one must be (ms)."""

    permits: list[tuple[float, float]] = field(default_factory=list)


class Audited(Gate):
    """A gate that writes down, in the same transaction, which times it was given."""

    def audited(self, book: Book, late: int) -> "Audited":
        self.book, self.late = book, late
        self.asked_at = 0.0
        return self

    @property
    def holds_until(self) -> float:
        """Until when its slots are surely its own: whoever stands still for a lease, alive or dead, loses them."""
        return self.asked_at + LEASE * 0.9

    async def _ask(self, wanted: int, *, probe: bool, has_slots: bool = False) -> list[int]:
        assert not has_slots, "nobody is late here"
        args = (self._ceiling, self._slots, self._worker, self.in_flight, wanted, 25.0, self._slot_lease)
        self.asked_at = asyncio.get_running_loop().time()
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.evalsha(_ADMIT.sha, len(self._keys), *self._keys, *args, int(probe), self._reserve, self.late)
            pipe.hmget(self._keys[0], ["next", "rate"])
            (*answer, micros, _), (following, rate) = await pipe.execute()
        if answer[0]:
            gap = micros / 1000
            assert gap >= 1000 / float(rate) - 0.001
            self.book.permits += [(float(following) - gap * back, gap) for back in range(answer[0], 0, -1)]
        self.in_flight += answer[0]
        return answer


class Crowd:
    """Processes at one login: they come, ask, finish and die without a word. They may be `late` (ms)."""

    def __init__(self, redis: Redis, rng: random.Random, rate: float, late: Sequence[int] = (10,)) -> None:
        self.late = late
        self.redis, self.rng, self.rate = redis, rng, rate
        self.book = Book()
        self.alive: list[Audited] = []
        self.dead: list[Audited] = []  # their requests are still on the wire
        self.born = 0
        self.limit = SLOTS

    def join(self) -> None:
        self.born += 1
        made = Audited(
            self.redis,  # type: ignore[arg-type]
            account=AccountName("athens"),
            login=LOGIN,
            rate=self.rate,
            slots=SLOTS,
            worker=f"w{self.born}",
            slot_lease=LEASE,
        )
        self.alive.append(made.audited(self.book, late=self.rng.choice(self.late)))

    def die(self) -> None:
        gate = self.alive.pop(self.rng.randrange(len(self.alive)))
        self.dead.append(gate)

    def on_wire(self) -> int:
        now = asyncio.get_running_loop().time()
        return sum(gate.in_flight for gate in (*self.alive, *self.dead) if gate.holds_until > now)

    async def step(self) -> None:
        gate = self.rng.choice(self.alive)
        answer = await gate.admit(self.rng.randint(1, 6))
        if isinstance(answer, Admission):
            assert self.on_wire() <= self.limit, "never more at once than there are slots"
        for done in self.alive:
            for _ in range(self.rng.randint(0, done.in_flight)):
                done.left()


@pytest.fixture
async def crowd_redis(redis: Redis, redis_url: str) -> Redis:
    client = connect(redis_url)
    await client.script_load(_ADMIT.text)
    return client  # type: ignore[return-value]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_two_permits_are_nearer_than_the_rate_allows(crowd_redis: Redis, seed: int) -> None:
    """Whatever dies, slows or changes: from each permit to the next is the gap of the rate that it was given at."""
    rng = random.Random(seed)
    crowd = Crowd(crowd_redis, rng, rate=500.0, late=(10, 10, 20, 40, 80, 160))
    crowd.join()
    for turn in range(1500):
        match rng.randrange(40):
            case 0 if len(crowd.alive) > 1:
                crowd.die()
            case 1 | 2 if len(crowd.alive) < 6:
                crowd.join()
            case 3:
                await crowd.alive[0].slow_down("plain.9")
            case 4:
                await crowd_redis.hset(keys.limits(LOGIN), "rate", rng.choice((200, 500, 900)))
            case 5:
                await crowd_redis.delete(keys.limits(LOGIN))
            case _:
                await crowd.step()
        if turn % 7 == 0:
            await asyncio.sleep(rng.random() * 0.01)
    await crowd_redis.aclose()

    log.info("seed %d: %d permits to %d processes", seed, len(crowd.book.permits), crowd.born)
    assert crowd.born > 3
    assert len(crowd.book.permits) > 50
    for (earlier, gap), (later, _) in pairwise(crowd.book.permits):
        assert later - earlier >= gap - ROUNDING


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_raised_rate_is_used_at_once_and_no_window_holds_more_than_it_allows(
    crowd_redis: Redis, seed: int
) -> None:
    """An operator raises and lowers it while all ask: what was not sent before is not made up for afterwards."""
    crowd = Crowd(crowd_redis, random.Random(seed), rate=100.0)
    for _ in range(3):
        crowd.join()
    spans: list[tuple[float, int, int]] = []
    for rate in (100, 1000, 50, 400, 100):
        await crowd_redis.hset(keys.limits(LOGIN), "rate", rate)
        first, ends = len(crowd.book.permits), time.monotonic() + 0.25
        while time.monotonic() < ends or len(crowd.book.permits) < first + 5:
            await crowd.step()
            await asyncio.sleep(0.001)
        spans.append((rate, first, len(crowd.book.permits)))
    await crowd_redis.aclose()

    for (earlier, gap), (later, _) in pairwise(crowd.book.permits):
        assert later - earlier >= gap - ROUNDING
    for rate, first, end in spans:
        given = crowd.book.permits[first:end]
        assert {round(1000 / gap) for _, gap in given} == {rate}, "it holds from the first permit on"
        for window in (20.0, 100.0):
            most = fullest([at for at, _ in given], window)
            assert most <= rate * window / 1000 + 1, (rate, window, most)


@pytest.mark.parametrize("seed", [1, 2])
async def test_fewer_slots_hold_from_the_next_permit_on(crowd_redis: Redis, seed: int) -> None:
    """An operator takes slots away while all are used: no more is permitted until so many requests have ended."""
    crowd = Crowd(crowd_redis, random.Random(seed), rate=5000.0)
    for _ in range(4):
        crowd.join()
    for limit in (SLOTS, 5, 2, 9):
        crowd.limit = limit
        await crowd_redis.hset(keys.limits(LOGIN), "slots", limit)
        for _ in range(120):
            await crowd.step()
            await asyncio.sleep(0)
    assert len(crowd.book.permits) > 50
    await crowd_redis.aclose()


def test_the_measure_itself() -> None:
    even = [place / 100 for place in range(500)]
    assert earliness(even, 100) == pytest.approx(0, abs=1e-9)
    assert earliness(even, 90) == pytest.approx(499 / 90 - 4.99)
    assert earliness([0.0, 0.5, 0.5, 0.5, 1.0], 10) == pytest.approx(0.2)
    assert earliness([], 1) == 0.0
    assert fullest([0.0, 0.4, 0.9, 1.0, 1.1], 1.0) == 4
    assert utilisation(even, 100) == pytest.approx(1.0)
    assert between(even, 1.0, 2.0) == even[100:200]
    jump = [*even[:100], *([1.0] * 10)]
    worst = earliness(jump, 100)
    for window in (0.001, 0.05, 0.5, 2.0):
        assert fullest(jump, window) <= 100 * (window + worst) + 1
