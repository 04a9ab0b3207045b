"""The story of one account's messages in one process: admit, take, prepare, claim, submit, record.

What a crash leaves, step by step: after *take* the job comes back by itself (10 s); after *claim* the
message is in_flight with a lease, then uncertain; after *submit* the same; after *record* it is done.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

import structlog
from msgspec import structs
from redis.exceptions import RedisError

from producer.contract.messages import MessageId
from producer.refusing import will_never_be_done
from worker.engine import AccountQueues, Taken
from worker.handing import Handover
from worker.ledger import Claimed, Ledger
from worker.ledger.moves import ClaimAnswer
from worker.outliving import doubted, outlive
from worker.prefetching import Ahead, Prefetch
from worker.preparing import Prepared, Preparer
from worker.recording import Recorder
from worker.stopping import end
from worker.submitting import Submitter, released
from worker.throttle import SLOTS, Admission, Gate, Waiting

_IDLE: Final = 0.03
_MOST_WAIT: Final = 0.25
_AFTER_ERROR: Final = 1.0
_LEAST_END: Final = 2.0
"""Seconds that each last step of a stop has at least, when waiting for answers has used up the time."""

_SPACING: Final = 0.001
"""Seconds between two rounds at least: what frees slots meanwhile shares the next round's trips."""

log = structlog.get_logger(__name__)


class _Claimed(NamedTuple):
    """A claimed request on its way to a consumer. Times are monotonic; it may not leave before `opens_at`."""

    prepared: Prepared
    claimed: tuple[Claimed, ...]
    claimed_at: float
    opens_at: float


class Sender:
    """Sends for one account. `run` until cancelled after `stop`; one consumer per slot does the requests.

    A claim older than `fresh_for` seconds (less than its lease) is given up instead of sent: whoever stood still
    for longer must not send what another process may have taken over.
    """

    def __init__(  # noqa: PLR0913 - the parts of one account, wired in one place
        self,
        *,
        queues: AccountQueues,
        gate: Gate,
        preparer: Preparer,
        ledger: Ledger,
        submitter: Submitter,
        recorder: Recorder,
        consumers: int,
        batch: int,
        fresh_for: float = 15.0,
    ) -> None:
        self._fresh_for = fresh_for
        self._queues = queues
        self._gate = gate
        self._preparer = preparer
        self._ledger = ledger
        self._submitter = submitter
        self._recorder = recorder
        self._prefetch = Prefetch(queues, preparer, slots=consumers, batch=batch, rate=lambda: gate.effective_rate)
        self._filling: asyncio.Task[None] | None = None
        self._claiming: asyncio.Task[None] | None = None
        self._claimed = Handover[_Claimed]()
        self._consumer_count = consumers
        self._at_once = math.ceil(consumers / 2)  # while one half is on the wire the other is claimed
        self._consumers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._turn = asyncio.Lock()  # held from a claim to its hand-over to the consumers

    async def run(self) -> None:
        """Send until `stop`. A Redis that is away is waited for."""
        self._consumers = [asyncio.create_task(outlive(self._consume)) for _ in range(self._consumer_count)]
        while not self._stopping.is_set():
            try:
                async with self._turn:
                    pause = await self._round()
            except (RedisError, OSError) as error:
                log.warning("sender_waits_for_redis", error=type(error).__name__)
                pause = _AFTER_ERROR
            await self._pause(pause)

    async def stop(self, within: float) -> None:
        """Claim no more; let requests in flight end for `within` seconds; record the rest as uncertain.

        What was claimed and has not reached the wire goes back to its queue.
        """
        self._stopping.set()
        ends = time.monotonic() + within
        with suppress(TimeoutError, RedisError, OSError):  # a claim without an answer is asked again below
            async with asyncio.timeout(within), self._turn:
                await self._last_claim_over()
        await self._submitter.quiet(max(0.0, ends - time.monotonic()))
        await end(self._consumers)
        # each for itself: a Redis that takes no jobs back may still take what the provider answered
        for step in (self._let_go, self._recorder.drain, self._gate.close):
            try:
                await asyncio.wait_for(step(), max(_LEAST_END, ends - time.monotonic()))
            except (TimeoutError, RedisError, OSError) as error:
                log.error("stop_unfinished", step=step.__name__.strip("_"), error=type(error).__name__)  # noqa: TRY400 - the kind says it all

    async def send_now(self, message: MessageId, job: Taken) -> None:
        """Send one message outside the loop: what the arq function does under a stock arq worker."""
        while not self._stopping.is_set():
            async with self._turn:
                if self._stopping.is_set():
                    break
                admission = await self._gate.admit(1)
                if isinstance(admission, Admission):
                    await self._send_alone(job, admission)
                    return
            await self._pause(min(admission.seconds, _MOST_WAIT) or _IDLE)
        log.info("message_left_to_its_queue", message=str(message))

    async def _send_alone(self, job: Taken, admission: Admission) -> None:
        try:
            ready = await self._prefetch.prepare([job])
        except BaseException:
            self._gate.give_up(admission.permits)
            raise
        await self._claim(ready, admission)

    async def _round(self) -> float:
        """One turn; returns seconds to pause."""
        await self._fill()
        ready = len(self._prefetch)
        if not ready:
            await self._last_claim_over()
            await self._gate.idle()
            return _IDLE
        admission = await self._gate.admit(min(ready, self._at_once))
        if isinstance(admission, Waiting):
            return await self._wait(admission)
        try:
            await self._last_claim_over()
        except BaseException:
            self._gate.give_up(admission.permits)
            raise
        self._claiming = asyncio.create_task(self._claim(self._prefetch.next(admission.permits), admission))
        return _SPACING

    async def _wait(self, waiting: Waiting) -> float:
        """Nothing may leave now; returns seconds to pause."""
        await self._last_claim_over()
        await self._unclaim(self._prefetch.take_claimed())  # their lease would run out while they wait
        if waiting.why == SLOTS:
            await self._gate.freed(waiting.seconds)
            return _SPACING
        return min(max(waiting.seconds, 0.002), _MOST_WAIT)

    async def _last_claim_over(self) -> None:
        """The claim that ran beside this round is handed over; raises what it raised."""
        if self._claiming is not None:
            await asyncio.wait([self._claiming])
            claiming, self._claiming = self._claiming, None
            claiming.result()

    async def _fill(self) -> None:
        """Prefetch beside the round, and wait for it only when there is nothing to send."""
        if self._filling is not None and self._filling.done():
            filled, self._filling = self._filling, None
            filled.result()
        if self._filling is None:
            self._filling = asyncio.create_task(self._prefetch.fill())
        if not len(self._prefetch):
            await asyncio.wait([self._filling])

    async def _let_go(self) -> None:
        """Give back what no consumer took, and what is prefetched."""
        if self._claiming is not None:
            await end([self._claiming])
        unsent = self._claimed.take_all()
        self._gate.give_up(len(unsent))
        await self._recorder.put([write for left in unsent for write in released(left.prepared, left.claimed)])
        if self._filling is not None:
            await asyncio.wait(
                [self._filling], timeout=_AFTER_ERROR
            )  # cut short, its jobs would be held till their lease
            await end([self._filling])
        claimed = self._prefetch.take_claimed()
        await self._prefetch.close()
        await self._unclaim(claimed)

    async def _unclaim(self, ready: Sequence[Ahead]) -> None:
        """A claim that was never answered is asked again, to be released."""
        if not ready:
            return
        try:
            answers = await self._ledger.claim([ahead.prepared.claim for ahead in ready])
        except BaseException:
            self._prefetch.put_back(ready)
            raise
        for ahead, claimed in zip(ready, answers, strict=True):
            await self._release(ahead.prepared, claimed)

    async def _claim(self, ready: Sequence[Ahead], admission: Admission) -> None:
        """Claim what the permits allow and hand it to the consumers. Permits that come to nothing are given up."""
        claimed_at = time.monotonic()
        opens_at = admission.given_at + admission.opens_in
        try:
            answers = await self._ledger.claim([ahead.prepared.claim for ahead in ready])
        except BaseException as error:
            self._gate.give_up(admission.permits)
            if ready and ready[0].claimed_at is not None and will_never_be_done(error):
                # dropped: the jobs come back by themselves, and a claim that was made makes doubt when its lease ends
                log.error("claim_impossible", campaign=ready[0].prepared.claim.campaign, error=str(error)[:200])  # noqa: TRY400 - its words say it all
                return
            # perhaps claimed: asked again under the same reference, the claim is answered as if for the first time
            self._prefetch.put_back(structs.replace(each, claimed_at=each.claimed_at or claimed_at) for each in ready)
            raise
        refused = []
        for ahead, claimed in zip(ready, answers, strict=True):
            if all(claim.answer is ClaimAnswer.CLAIMED for claim in claimed):
                self._claimed.put(_Claimed(ahead.prepared, claimed, ahead.claimed_at or claimed_at, opens_at))
            else:
                refused.append((ahead.prepared, claimed))
        self._gate.give_up(admission.permits - len(ready) + len(refused))
        for prepared, claimed in refused:
            if any(claim.answer is ClaimAnswer.CHANGED for claim in claimed):
                self._preparer.forget(prepared.claim.campaign)
            await self._release(prepared, claimed)

    async def _release(self, prepared: Prepared, claimed: Sequence[Claimed]) -> None:
        """Claimed, and not sent: back to the queue, no attempt spent."""
        await self._recorder.put(released(prepared, claimed))

    async def _consume(self) -> None:
        task = asyncio.current_task()  # asked once: it is dear on Python 3.11
        while True:
            prepared, claimed, claimed_at, opens_at = await self._claimed.take()
            try:
                if (early := opens_at - time.monotonic()) > 0:
                    await asyncio.sleep(early)
            except asyncio.CancelledError:
                self._gate.give_up(1)
                await self._release(prepared, claimed)
                raise
            try:
                writes = await self._submitter.submit(prepared, claimed, partial(self._may_leave, claimed_at))
            except Exception:
                log.exception("submission_failed", campaign=prepared.claim.campaign, messages=len(claimed))
                writes = doubted(prepared, claimed)
            finally:
                self._gate.left()
            for write in writes:
                self._queues.count(write.lane, write.event)
            await self._recorder.put(writes)
            if task is not None and task.cancelling():  # on the wire: what it meant is recorded, so it may end now
                return

    async def _may_leave(self, claimed_at: float) -> bool:
        """Wait for this request's turn; whether its claim is young enough then. A process that stood still between
        claim and wire must not send what another may have taken over.
        """
        return await self._gate.pace(claimed_at + self._fresh_for - time.monotonic())

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
