"""One request on the wire: ask, read the answer, decide the step of each message, tell what was learnt."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, assert_never

import structlog
from redis.exceptions import RedisError

from producer.contract.messages import CampaignId
from producer.contract.states import Event
from worker.keeping import Keeper
from worker.learning import Learning
from worker.ledger import ClaimAnswer, Claimed, Write
from worker.preparing import Prepared
from worker.providers.exchange import AnswerLost, Exchange, MayLeave, NotSent, Withheld
from worker.providers.outcomes import Block, Outcome, RouteBlocked, Uncertain
from worker.providers.requests import Answer
from worker.retrying import next_step
from worker.settings import Account

_STOPPED: Final = "volley.stopped_on_wire"
_STOPPED_REASON: Final = "the worker was stopped"
_LOST: Final = "volley.answer_lost"
_UNREACHABLE: Final = "volley.not_sent"

log = structlog.get_logger(__name__)


class Submitter:
    """Submits prepared requests of one account."""

    def __init__(
        self,
        account: Account,
        exchange: Exchange,
        learning: Learning,
        *,
        most_attempts: int,
        keeper: Keeper | None = None,
    ) -> None:
        self._keeper = keeper
        self._account = account
        self._exchange = exchange
        self._learning = learning
        self._most_attempts = most_attempts
        self.on_wire = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def submit(self, prepared: Prepared, claimed: Sequence[Claimed], may_leave: MayLeave) -> list[Write]:
        """Send one request when it may leave; what is to be recorded for each of its messages. Raises nothing.

        What did not leave is released: it goes back to its queue. Cancelled on the wire (a stop that could not
        wait), the messages are recorded as uncertain: the cancellation is swallowed here and the consumer ends
        after it has handed them over.
        """
        self.on_wire += 1
        self._quiet.clear()
        left_at = 0.0

        async def leaves() -> bool:
            nonlocal left_at
            let = await may_leave()
            left_at = time.monotonic()
            return let

        try:
            answer = await self._exchange.ask_when(prepared.request, leaves)
        except asyncio.CancelledError:
            answer, outcomes = AnswerLost(reason=_STOPPED_REASON), self._all(prepared, _stopped())
            if self._keeper is not None:
                self._keeper.note(prepared, answer, outcomes, time.monotonic() - left_at)
            return self._writes(prepared, claimed, outcomes)
        finally:
            self._off_wire()
        if isinstance(answer, Withheld):
            return released(prepared, claimed)
        outcomes = self._outcomes(prepared, claimed, answer)
        seconds = time.monotonic() - left_at if left_at else 0.0
        if self._keeper is not None:
            self._keeper.note(prepared, answer, outcomes, seconds)
        with suppress(asyncio.CancelledError):  # what the answer meant is recorded, whatever comes
            await self._learn(outcomes, seconds, prepared.claim.campaign)
        fence = prepared.claim.fence_key if isinstance(answer, NotSent) else ""
        return self._writes(prepared, claimed, outcomes, fence=fence)

    async def quiet(self, within: float) -> None:
        """Wait until no request is on the wire, for `within` seconds at most. None is when this returns, either:
        whoever cancels the consumers in the same breath cuts nothing short.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.on_wire:
                    await self._quiet.wait()

    async def _learn(self, outcomes: Sequence[Outcome], seconds: float, campaign: CampaignId) -> None:
        """A Redis that is away costs the lesson, never the outcome."""
        try:
            await self._learning.learn(outcomes, seconds, campaign)
        except (RedisError, OSError) as error:
            log.warning("lesson_lost", account=self._account.name, error=type(error).__name__)

    def _off_wire(self) -> None:
        self.on_wire -= 1
        if not self.on_wire:
            self._quiet.set()

    def _outcomes(
        self, prepared: Prepared, claimed: Sequence[Claimed], answer: Answer | NotSent | AnswerLost
    ) -> tuple[Outcome, ...]:
        match answer:
            case Answer():
                return self._account.family.sending.read(
                    prepared.outgoing,
                    prepared.claim.reference,
                    answer,
                    earlier_attempt=any(claim.attempt > 1 for claim in claimed),
                )
            case AnswerLost(reason=reason):
                return self._all(prepared, Uncertain(code=_LOST, words=f"the answer was lost: {reason}"))
            case NotSent(reason=reason):
                blocked = RouteBlocked(
                    code=_UNREACHABLE, words=f"the provider cannot be reached: {reason}", block=Block.UNREACHABLE
                )
                return self._all(prepared, blocked)
            case _:
                assert_never(answer)

    def _all(self, prepared: Prepared, outcome: Outcome) -> tuple[Outcome, ...]:
        return (outcome,) * len(prepared.outgoing)

    def _writes(
        self, prepared: Prepared, claimed: Sequence[Claimed], outcomes: Sequence[Outcome], *, fence: str = ""
    ) -> list[Write]:
        return [
            self._write(prepared, claim, outcome, fence) for claim, outcome in zip(claimed, outcomes, strict=True)
        ]

    def _write(self, prepared: Prepared, claim: Claimed, outcome: Outcome, fence: str) -> Write:
        step = next_step(
            outcome, claim.attempt, most=self._most_attempts, shortest=self._account.family.rules.retry_in
        )
        return Write(
            message=claim.message,
            account=self._account.name,
            lane=prepared.claim.lane,
            attempt=claim.attempt,
            event=step.event,
            reference=getattr(outcome, "reference", prepared.claim.reference),
            told=prepared.claim.told,
            seconds=step.seconds,
            code=step.code,
            fence=fence,
        )


def _stopped() -> Outcome:
    return Uncertain(code=_STOPPED, words="the worker was stopped before the provider answered")


def released(prepared: Prepared, claimed: Sequence[Claimed]) -> list[Write]:
    """What is claimed and not sent goes back to its queue, with no attempt spent."""
    return [
        Write(
            message=claim.message,
            account=prepared.claim.account,
            lane=prepared.claim.lane,
            attempt=claim.attempt,
            event=Event.RELEASE,
            reference=prepared.claim.reference,
            told=prepared.claim.told,
            fence=prepared.claim.fence_key,
        )
        for claim in claimed
        if claim.answer is ClaimAnswer.CLAIMED
    ]
