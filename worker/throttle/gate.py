"""Admission: rate and slots of one provider login, shared over Redis, paced in this process by aiolimiter."""

import asyncio
import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from aiolimiter import AsyncLimiter
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.scripts import Script
from worker.providers.requests import Credentials
from worker.throttle.sliding import SlidingWindow
from worker.throttle.turns import Turns

_ADMIT: Final = Script("worker.throttle", "admit")
_CONGEST: Final = Script("worker.throttle", "congest")

_BLOCK: Final = 25.0
"""Milliseconds of permits that one round trip leases. A permit holds its slot while it waits for its turn, so
a longer block leaves fewer slots for requests that are on the wire (at 50 an account of 8 slots lost a quarter)."""

SLOTS: Final = "slots"
"""Why a request waits when as many are under way as may be."""

_IN_TURN: Final = frozenset({"rate", SLOTS})
"""Why a request waits for a moment; any other reason is one to go back for."""

_TRIAL: Final = b"trial"
"""Why the one request of an account may leave that was closed for doubt."""

_SLOT_WAIT: Final = 0.005
"""Seconds after which somebody who found no free slot asks again."""

_LATE: Final = 0.02
"""Seconds of permits that the local pacer lets leave together; how late each may be is said by its turn."""

_UNPACED: Final = 5000.0
"""Requests a second above which local pacing costs more than it smooths; the shared rate still holds."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why nothing may leave, and for how many seconds at least: 'rate', 'slots', 'paused', 'money', …"""

    why: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """`permits` requests may leave, the first in `opens_in` seconds after `given_at` (monotonic), the next ones paced
    behind it.
    """

    permits: int
    opens_in: float
    given_at: float


def login_key(family: str, credentials: Credentials) -> str:
    """The name of a provider login in Redis: a hash, so that two accounts of one login share its limits."""
    secret = f"{family}\n{credentials.base_url}\n{credentials.login}\n{credentials.key}"
    return hashlib.blake2b(secret.encode(), digest_size=8).hexdigest()


class Gate:
    """This process' door to one provider login.

    `admit` leases permits; each must be followed by one `pace`, then one `left` (the request is over or
    was not sent). `idle` gives unused slots back. `effective_rate` and `waiting` tell what it does; what leaves from
    `trial_at` (monotonic) on tries an account that was closed for doubt.

    What an operator set in Redis goes before `rate` and `slots`: any rate, of which `reserve` is the share that
    may be used, and no more slots than `slots`.
    """

    def __init__(  # noqa: PLR0913  # a login's limits, and who asks
        self,
        redis: Client,
        *,
        account: AccountName,
        login: str,
        rate: float,
        slots: int,
        worker: str,
        slot_lease: float,
        reserve: float = 1.0,
    ) -> None:
        self._redis = redis
        self._keys = [keys.throttle(login), keys.slots(login), keys.account(account), keys.limits(login)]
        self._ceiling = rate
        self._slots = slots
        self._worker = worker
        self._slot_lease = int(slot_lease * 1000)
        self._reserve = reserve
        self._pacer = _pacer(rate)
        self._window = SlidingWindow(rate / reserve)
        self._turns = Turns()
        self._renewing = asyncio.Lock()
        self._without_turn = 0
        self._touched_at = 0.0
        self._freed = asyncio.Event()
        self._turn = asyncio.Lock()
        self.login = login
        self.in_flight = 0
        self.effective_rate = rate
        self.waiting: Waiting | None = None
        self.trial_at: float | None = None

    async def admit(self, wanted: int, *, probe: bool = False) -> Admission | Waiting:
        """Lease up to `wanted` permits. `probe` passes an account that is blocked or paused."""
        if self.in_flight >= self._slots:
            await self.idle()  # what is used is renewed
            self.waiting = Waiting(why=SLOTS, seconds=_SLOT_WAIT)
            return self.waiting
        permits, opens_in, _, again_in, why, rate = await self._ask(wanted, probe=probe)
        self._adapt(rate / 1000)
        if not permits:
            self.waiting = Waiting(why=bytes(why).decode(), seconds=again_in / 1000)
            return self.waiting
        self.waiting = None
        return Admission(permits=permits, opens_in=opens_in / 1e6, given_at=time.monotonic())

    def take_lost(self) -> int:
        """How many permits came too late for their turn since this was asked last."""
        lost, self._turns.lost = self._turns.lost, 0
        return lost

    async def pace(self, within: float, *, probe: bool = False) -> bool:
        """Wait for a permit's turn; True right before the request may leave. A permit whose turn is over is leased
        anew. False when none was had `within` seconds, Redis is away, or the account is not open any more (`probe`
        passes that).
        """
        ends = time.monotonic() + within
        while self._pacer is not None:
            turn = self._turns.next(time.monotonic())
            if turn is None:
                if time.monotonic() >= ends or not await self._lease_anew(probe=probe):
                    return False
                continue
            if (early := turn.due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            await self._pacer.acquire()
            await self._window.room()
            if self._turns.is_kept(turn, time.monotonic()):
                self._window.count()
                break
        return time.monotonic() <= ends

    def left(self) -> None:
        """One permit's request is over (or was not sent): its slot may be used again."""
        self.in_flight -= 1
        self._freed.set()

    def give_up(self, permits: int) -> None:
        """So many permits come to nothing, without a `pace` or a `left`."""
        self._turns.drop(permits)
        for _ in range(permits):
            self.left()

    async def freed(self, within: float) -> None:
        """Wait until a request of this process is over, for `within` seconds at most."""
        self._freed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._freed.wait()

    async def idle(self) -> None:
        """Give unused slots back, and renew the used ones; at most once a second."""
        if time.monotonic() - self._touched_at >= 1.0:
            await self._ask(0, probe=True)

    async def slow_down(self, why: str, factor: float = 0.5) -> None:
        """Lower the shared rate by `factor` (below 1), at most one step a second."""
        names = [self._keys[0], self._keys[3]]
        rate = await _CONGEST.run(self._redis, names, [self._ceiling, factor, why, self._reserve])
        self._adapt(int(rate) / 1000)

    def trial_over(self) -> None:
        """What the trial has brought is known."""
        self.trial_at = None

    async def close(self) -> None:
        """Forget this process' share of the slots, once nothing of it is in flight."""
        async with self._turn:
            if not self.in_flight:
                await self._redis.hdel(self._keys[1], self._worker)

    async def _lease_anew(self, *, probe: bool) -> bool:
        """Lease the rate once more for all who have a slot and no turn; False when there is no hope of it soon."""
        self._without_turn += 1
        try:
            async with self._renewing:
                if self._turns.any():
                    return True
                wanted = 1 if probe else self._without_turn
                permits, _, _, again_in, why, _ = await self._ask(wanted, probe=probe, has_slots=True)
                if not permits:
                    if bytes(why).decode() not in _IN_TURN:
                        return False
                    await asyncio.sleep(max(again_in / 1000, _SLOT_WAIT))
                return True
        except (RedisError, OSError) as error:
            log.warning("permit_lost", error=type(error).__name__)
            return False
        finally:
            self._without_turn -= 1

    async def _ask(self, wanted: int, *, probe: bool, has_slots: bool = False) -> list[int]:
        """One at a time: what another call was given and does not know yet would be missing in what is told here.

        `has_slots`: those who want are among the ones in flight, and not on the wire.
        """
        async with self._turn:
            asked = self._touched_at = time.monotonic()
            flying = max(0, self.in_flight - wanted) if has_slots else self.in_flight
            late = round(self._turns.told(max(1.0, 1 / self.effective_rate), asked) * 1000)
            args = (self._ceiling, self._slots, self._worker, flying, wanted, _BLOCK, self._slot_lease)
            answer: list[int] = await _ADMIT.run(self._redis, self._keys, [*args, int(probe), self._reserve, late])
            answered = time.monotonic()
            *answer, gap, clock = answer
            permits, opens_in, _, _, why = answer[:5]
            if permits:
                self.trial_at = (self.trial_at or asked) if bytes(why) == _TRIAL else None
            if permits and self._pacer is not None:
                self._turns.lease(
                    permits,
                    asked=asked,
                    answered=answered,
                    clock=clock / 1e6,
                    opens_in=opens_in / 1e6,
                    gap=gap / 1e6,
                )
            if not has_slots:
                self.in_flight += permits
            return answer

    def _adapt(self, rate: float) -> None:
        if rate > 0 and abs(rate - self.effective_rate) > self.effective_rate * 0.01:
            self.effective_rate = rate
            self._pacer = _pacer(rate)
            self._window.change(rate / self._reserve)


def _pacer(rate: float) -> AsyncLimiter | None:
    """Room for one permit and what falls due while the loop is late. With none, every late wake-up is speed lost
    (a tenth at 60 requests a second); with a whole second's, a burst of twice the rate gets through.
    """
    room = 1 + rate * _LATE
    return AsyncLimiter(room, room / rate) if rate < _UNPACED else None
