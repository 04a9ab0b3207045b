"""What each answer teaches about its account: too fast, blocked, slower than usual; counted for the page."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from producer.contract.counters import SUBMISSION
from producer.contract.messages import CampaignId
from worker.doubting import Doubting, Finding
from worker.ledger.accounts import OPENS_IN, AccountBook
from worker.minutes import add_minute
from worker.providers.outcomes import Deferred, Outcome, RouteBlocked, Submitted, Uncertain
from worker.settings import Account, Sending
from worker.spending import Spending
from worker.throttle import Gate

_SLOW: Final = 4.0
_LEAST_SLOW: Final = 2.0
_DOUBTFUL: Final = "volley.doubtful_answers"
_AFTER_DOUBT: Final = 0.1
"""Of the rate: with so much an account goes on whose answers can be read again."""
_USUAL: Final = Sending()

log = structlog.get_logger(__name__)


class Learning:
    """Feeds what answers say back into the throttle and the account's book; counts outcomes in between."""

    def __init__(
        self, account: Account, gate: Gate, book: AccountBook, *, probe_every: float, sending: Sending = _USUAL
    ) -> None:
        self._probe_every = probe_every
        self._account = account
        self._gate = gate
        self._book = book
        self._usual = 0.0
        self._doubting = Doubting(sending.doubt_after)
        self._doubt_pause = sending.doubt_pause
        self._told: set[str] = set()
        self._words: dict[str, str] = {}
        self._outcomes: Counter[tuple[str, str]] = Counter()
        self._spending = Spending()
        self.totals: Counter[str] = Counter()

    async def learn(self, outcomes: Sequence[Outcome], seconds: float, campaign: CampaignId) -> None:
        """Take in the outcomes of one request of a campaign, which took `seconds`."""
        self.totals["requests"] += 1
        self.totals["request_ms"] += int(seconds * 1000)
        self.totals[SUBMISSION.bucket(seconds)] += 1
        for outcome in outcomes:
            self._count(outcome)
        self._spending.take(campaign, outcomes)
        match outcomes[0]:
            case RouteBlocked() as blocked:
                await self._block(blocked)
            case Deferred(congested=True, code=code):
                self.totals["congested"] += 1
                await self._gate.slow_down(code)
            case _:
                await self._watch(seconds)
        await self._weigh(outcomes, seconds)

    async def flush(self) -> None:
        """Write counts and words gathered since the last flush."""
        totals, self.totals = self.totals, Counter()
        if lost := self._gate.take_lost():
            totals["permits_lost"] += lost
        words, self._words = self._words, {}
        outcomes, self._outcomes = self._outcomes, Counter()
        for (kind, _), count in outcomes.items():
            totals[kind] += count
        await self._book.explain(self._account.name, words)
        await self._book.add(self._account.name, totals)
        await add_minute(self._book.redis, self._account.name, outcomes)
        await self._spending.flush(self._book.redis)

    def _count(self, outcome: Outcome) -> None:
        if isinstance(outcome, Submitted):
            self._outcomes["submitted", ""] += 1
            return
        self._outcomes[type(outcome).__name__.lower(), outcome.code] += 1
        if outcome.code and outcome.code not in self._told:
            self._told.add(outcome.code)
            self._words[outcome.code] = outcome.words

    async def _block(self, blocked: RouteBlocked) -> None:
        new = await self._book.block(
            self._account.name,
            blocked.block,
            code=blocked.code,
            words=blocked.words,
            seconds=OPENS_IN.get(blocked.block, self._probe_every),
        )
        if new:
            log.warning("account_blocked", account=self._account.name, block=blocked.block, code=blocked.code)

    async def _weigh(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Close the account when its answers leave only doubt; open it, slowly, when a trial has gone well."""
        now, last = time.monotonic(), outcomes[-1]
        match self._doubting.take(outcomes, left_at=now - seconds, now=now, trial_at=self._gate.trial_at):
            case Finding.DOUBT if isinstance(last, Uncertain):
                await self._doubt(last)
            case Finding.TRUST:
                await self._gate.slow_down(_DOUBTFUL, _AFTER_DOUBT)
                if await self._book.trust(self._account.name):
                    log.info("account_trusted", account=self._account.name)
                self._gate.trial_over()

    async def _doubt(self, last: Uncertain) -> None:
        words = (
            f"the last requests had no answer that says what became of their messages ({last.code}: "
            f"{last.words[:60]}); one is tried now and then"
        )
        seconds = await self._book.doubt(self._account.name, code=_DOUBTFUL, words=words, seconds=self._doubt_pause)
        self._gate.trial_over()
        if seconds:
            log.warning("account_doubtful", account=self._account.name, code=last.code, seconds=seconds)

    async def _watch(self, seconds: float) -> None:
        """Latency that grows far beyond the usual is congestion that has not been said yet."""
        if self._usual and seconds > _LEAST_SLOW and seconds > _SLOW * self._usual:
            await self._gate.slow_down("volley.slow_answers", 0.8)
        self._usual = seconds if not self._usual else self._usual * 0.95 + seconds * 0.05
