"""Pull: one account's reports fetched from the provider, within the provider's own limits.

One process reads an account at a time, by a lease, because a drain hands each status over once. Raw
answers go to the journal first; what was journalled and not applied is applied again after a crash.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, assert_never

import structlog
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from worker.asking import Asker
from worker.digesting import digested
from worker.leasing import ReaderLease
from worker.ledger import Journal
from worker.ledger.accounts import AccountBook
from worker.ledger.journal import APPLIED, JournalEntry
from worker.lookups import Lookups
from worker.probing import Prober
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.interface import BalanceCall, Drain, History
from worker.providers.reports import Balance, Refused, Report, Reports
from worker.providers.requests import LONGEST_LIST, Answer, Dialect, HttpRequest
from worker.settings import Account, Tracking
from worker.spacing import HistoryHour
from worker.throttle import TooSoonError
from worker.tracking import Tracker

_MOST_DRAINS: Final = 200
_SHARE: Final = 10.0
"""While messages wait to be sent, one request in so many is a drain: reports trickle in as fast as they are
asked for, and a drain counts against the same rate as a send."""

_APPLIED_AT_ONCE: Final = 2000
"""Reports of a drained answer, which may hold hundreds of thousands: others have their turn in between."""

_LEAST_FOR_A_PAGE: Final = 10
_MANY_FOR_A_PAGE: Final = 1000
_BALANCE_EVERY: Final = 300.0
_UNTRIED: Final = 300.0
"""Seconds after which an account that was closed for doubt, with nothing to try it with, opens at its balance."""
_PAGE_CURSOR: Final = "history"
_AFTER_ERROR: Final = 0.5

log = structlog.get_logger(__name__)


class NotTheReaderError(Exception):
    """Another process holds the lease to read this account's reports."""


class Poller:
    """Polls one account: drain or history, then look-ups of what is due, then the balance when it is blocked."""

    def __init__(  # noqa: PLR0913 - the parts of one account, wired in one place
        self,
        *,
        account: Account,
        redis: Client,
        asker: Asker,
        journal: Journal,
        tracker: Tracker,
        lookups: Lookups,
        book: AccountBook,
        settings: Tracking,
        worker: str,
        prober: Prober | None = None,
    ) -> None:
        self._prober = prober
        self._account = account
        self._redis = redis
        self._asker = asker
        self._journal = journal
        self._tracker = tracker
        self._lookups = lookups
        self._book = book
        self._settings = settings
        self.lease = ReaderLease(redis, account.name, worker, settings.poll_every)
        self._draining = asyncio.Lock()
        self._has_probed = False
        recall = account.family.recall
        self._hour = HistoryHour(book, account.name, most=recall.most if recall else 0)

    async def step(self) -> bool:
        """One turn; False when another process reads this account."""
        if not await self.lease.hold():
            return False
        await self._replay()
        await self._probe()
        await self._find_out()
        family = self._account.family
        if family.drain is not None:
            await self._drain(family.drain)
        if family.history is not None and (fullness := await self._page_fullness()):
            await self._back_fill(family.history, fullness)
        await self._lookups.step()
        await self._tracker.rematch()
        return True

    async def drain_for(self, request: HttpRequest) -> Answer | NotSent | AnswerLost:
        """One drain that a person asked for: by the one reader only, journal first, applied like any other.

        Raises NotTheReaderError when another process reads this account, TooSoonError as the asker does.
        """
        drain = self._account.family.drain
        if drain is None:
            raise ValueError(f"the {self._account.family.name} family has no drain")
        async with self._draining:
            if not await self.lease.hold():
                raise NotTheReaderError(f"another process reads the reports of {self._account.name}")
            answer = await self._asker.attempt(request)
            if isinstance(answer, Answer):
                await self._take(drain, answer)
            return answer

    async def _replay(self) -> None:
        """Apply journal entries that a crash left unapplied."""
        drain = self._account.family.drain
        if drain is None:
            return
        after = (await self._redis.hget(keys.cursors(self._account.name), APPLIED) or b"0").decode()
        while entries := await self._journal.since(self._account.name, after):
            for entry in entries:
                if entry.call == "drain":
                    await self._read_drain(drain, _entry_answer(entry))
            after = entries[-1].id
            await self._mark(after)

    async def _drain(self, drain: Drain) -> None:
        """Drain until nothing is left; while messages wait to be sent, slowly, and no longer than a turn."""
        ends = time.monotonic() + self._settings.poll_every
        for _ in range(_MOST_DRAINS):
            async with self._draining:
                if not await self.lease.hold():  # renews the lease: a long backlog outlasts it
                    return
                answer = await self._ask(drain.build(self._account.credentials))
                if answer is None or not await self._take(drain, answer):
                    return
            if await self._is_sending():
                if time.monotonic() >= ends:
                    return
                await asyncio.sleep(_SHARE / self._account.limits.rate)

    async def _take(self, drain: Drain, answer: Answer) -> bool:
        """Keep one drained answer, apply it, remember that it is applied; whether there may be more to read."""
        entry = await self._kept(answer)
        more = await self._read_drain(drain, answer)
        await self._mark(entry)
        return more

    async def _kept(self, answer: Answer) -> str:
        """Journal a drained answer, however long Redis is away or full: the provider hands it over once."""
        name, form = self._account.name, answer.dialect.format
        while True:
            try:
                return await self._journal.write(
                    name, "drain", answer.status, answer.body, form=form, longest=LONGEST_LIST
                )
            except (RedisError, OSError) as error:
                log.warning("drained_waits_for_redis", account=name, error=type(error).__name__)
                await asyncio.sleep(_AFTER_ERROR)

    async def _read_drain(self, drain: Drain, answer: Answer) -> bool:
        """Apply one drained answer; whether there may be more to read."""
        match await digested(drain.read, answer):
            case Refused() as refusal:
                await self._asker.refused("status", refusal)
                return False
            case Reports(items=items, more=more):
                reports = [item for item in items if isinstance(item, Report)]
                for start in range(0, len(reports), _APPLIED_AT_ONCE):
                    await self._tracker.apply(reports[start : start + _APPLIED_AT_ONCE])
                if reports:
                    log.debug("drained", account=self._account.name, reports=len(reports))
                return more
            case other:
                assert_never(other)

    async def _mark(self, entry: str) -> None:
        await self._redis.hset(keys.cursors(self._account.name), APPLIED, entry)

    async def _back_fill(self, history: History, fullness: float) -> None:
        """Read history pages, newest first, on from where the last turn's window ended, as far as the hour allows."""
        cursors = keys.cursors(self._account.name)
        cursor = (await self._redis.hget(cursors, _PAGE_CURSOR) or b"").decode()
        oldest = datetime.fromtimestamp(time.time() - self._settings.give_up_after, UTC)
        while await self._hour.page_in(fullness) <= 0:
            answer = await self._ask(history.build(self._account.credentials, oldest, datetime.now(UTC), cursor))
            if answer is None:
                return
            await self._hour.note_page()
            await self._journal.write(self._account.name, "messages", answer.status, answer.body)
            cursor = await self._read_page(history, answer)
            await self._redis.hset(cursors, _PAGE_CURSOR, cursor)
            if not cursor:
                return
            fullness = 1.0  # where one page brought something, the one behind it is worth as much

    async def _page_fullness(self) -> float:
        """How much of a page would be news: 0 where too few are due for one, or more are coming just now."""
        due = await self._lookups.due()
        if due < _LEAST_FOR_A_PAGE or (due < _MANY_FOR_A_PAGE and await self._is_sending()):
            return 0.0
        return min(1.0, due / _MANY_FOR_A_PAGE)

    async def _is_sending(self) -> bool:
        """Whether messages of the account wait to be sent."""
        now_ms = time.time() * 1000
        ready = [await self._redis.zcount(keys.queue(self._account.name, lane), "-inf", now_ms) for lane in Lane]
        return any(ready)

    async def _read_page(self, history: History, answer: Answer) -> str:
        """Apply one page; where to go on from, empty when the next page would bring nothing that waits."""
        match await digested(history.read, answer):
            case Refused() as refusal:
                await self._asker.refused("messages", refusal)
                return ""
            case Reports(items=items, more=more):
                reports = [item for item in items if isinstance(item, Report)]
                applied = await self._tracker.apply(reports, shelve=False)
                return reports[-1].cursor if more and applied.moved else ""
            case other:
                assert_never(other)

    async def _probe(self) -> None:
        """Ask for the balance: now and then for the page, and to open an account that is blocked."""
        state = await self._book.state(self._account.name)
        until, seen = await self._redis.hmget(keys.account(self._account.name), ["until", "balance_at"])
        now = time.time()
        is_blocked = state in {"money", "credentials"}
        is_new, self._has_probed = not self._has_probed, True  # a restart may have put right what was wrong
        due = float(until or 0) if is_blocked else float(seen or 0) + _BALANCE_EVERY
        if now >= due or (is_blocked and is_new):
            await self._ask_balance(self._account.family.balance, blocked=is_blocked)

    async def _find_out(self) -> None:
        """Whether the host has the optional calls, for the senders, who only look it up: asked until it is known."""
        if self._prober is not None:
            with suppress(TooSoonError):
                await self._prober.offers()

    async def _ask_balance(self, call: BalanceCall, *, blocked: bool) -> None:
        answer = await self._ask(call.build(self._account.credentials), probe=blocked)
        if answer is None:
            return
        match await digested(call.read, answer):
            case Balance() as balance:
                await self._book.note_balance(self._account.name, balance, time.time())
                if await self._book.trust(self._account.name, untried=_UNTRIED):
                    log.info("account_trusted", account=self._account.name)
                if blocked and balance.amount > 0:
                    await self._book.open(self._account.name)
                    log.info("account_open", account=self._account.name)
                elif blocked:
                    await self._note("until", self._settings.probe_every)
            case Refused() as refusal:
                await self._asker.refused("balance", refusal)
            case other:
                assert_never(other)

    async def _ask(self, request: HttpRequest, *, probe: bool = False) -> Answer | None:
        try:
            return await self._asker.ask(request, probe=probe)
        except TooSoonError as wait:
            log.debug("poll_waits", account=self._account.name, call=request.call, seconds=wait.retry_in)
            return None

    async def _note(self, field: str, offset: float = 0.0) -> None:
        await self._book.note(self._account.name, {field: str(int(time.time() + offset))})


def _entry_answer(entry: JournalEntry) -> Answer:
    return Answer(status=entry.status, body=entry.body, dialect=Dialect(format=entry.form))
