"""Looking at submissions that are due: ask where the family can, give up where it is time, apply the policy."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import structlog

from producer.contract import keys
from producer.contract.campaigns import Lane, OnUncertain
from producer.contract.client import Client
from producer.contract.messages import Msisdn, Reference
from producer.contract.states import Event, State
from worker.asking import Asker
from worker.digesting import digested
from worker.due import Open, by_policy, first_piece, is_over, next_look, open_messages
from worker.ledger import Evidence, Journal, Ledger, LedgerReader
from worker.matching import Matched, Matcher
from worker.probing import Offer
from worker.providers.interface import Lookup
from worker.providers.reports import NotFound, Refused, Report, Reports
from worker.recalling import Recaller
from worker.settings import Account, Tracking
from worker.throttle import TooSoonError
from worker.tracking import Tracker

_MOST_DUE: Final = 2000
"""Messages of a piece: what a turn costs must not grow with what is tracked, since it can ask about few of them."""

_MOST_PIECES: Final = 50
_MOST_SINGLE: Final = 100
_SHARE: Final = 0.1
"""Of the account's rate that single look-ups may use while messages wait to be sent."""

_AT_ONCE: Final = 4
"""Status requests at once: PROVIDERS.md A4, five simultaneous ones are refused."""

NO_REPORT: Final = "volley.no_report"
NOT_FOUND: Final = "volley.not_found"
NOT_CONFIRMED: Final = "volley.not_confirmed"

_NOTHING: Final = Matched()

log = structlog.get_logger(__name__)

Pair = tuple[Reference, Msisdn]


class Lookups:
    """The due submissions of one account. Called by the account's one reader."""

    def __init__(  # noqa: PLR0913 - the parts of one account, wired in one place
        self,
        *,
        account: Account,
        redis: Client,
        asker: Asker,
        ledger: Ledger,
        reader: LedgerReader,
        journal: Journal,
        tracker: Tracker,
        settings: Tracking,
        matcher: Matcher | None = None,
        recaller: Recaller | None = None,
        offer: Offer | None = None,
        most_attempts: int = 5,
    ) -> None:
        self._matcher = matcher
        self._recaller = recaller
        self._missing: list[Open] = []  # of this turn: uncertain ones that the provider's status does not know
        self._heard: list[Report | NotFound] = []  # of this turn, and not applied yet
        self._offer = offer
        self._lookup: Lookup | None = None  # of this turn
        self._most_attempts = most_attempts
        self._account = account
        self._redis = redis
        self._asker = asker
        self._ledger = ledger
        self._reader = reader
        self._journal = journal
        self._tracker = tracker
        self._settings = settings
        self._place = 0

    async def due(self) -> int:
        """How many submissions are to be looked at now."""
        return await self._redis.zcount(keys.due(self._account.name), "-inf", time.time())

    async def step(self) -> None:
        """Look at what is due: drop what is final, decide what time or policy decides, ask about the rest."""
        self._lookup = await self._offer.lookup() if self._offer else self._account.family.lookup
        for _ in range(_MOST_PIECES):
            if not await self._piece():
                break
        await self._conclude()

    async def _piece(self) -> bool:
        """The oldest of what is due; whether the next piece is worth looking at, because nobody was to be asked."""
        due = keys.due(self._account.name)
        names = await self._redis.zrangebyscore(due, "-inf", time.time(), start=0, num=_MOST_DUE)
        behind = await self._reader.behind(self._account.name, [Reference(name.decode()) for name in names])
        references = first_piece([Reference(name.decode()) for name in names], behind, _MOST_DUE)
        if not references:
            return False
        found = await open_messages(self._reader, {reference: behind.get(reference, ()) for reference in references})
        settled = [reference for reference in references if not found.get(reference)]
        if settled:
            await self._redis.zrem(due, *settled)
        rows = [row for group in found.values() for row in group]
        matched = await self._match(rows)
        decided = [evidence for row in rows if (evidence := self._decide(row, time.time(), matched))]
        await self._ledger.apply(decided)
        # looked at again next turn, in their new state
        moved = {evidence.message for evidence in decided} | matched.taken | matched.pending
        waiting = [row for row in rows if row.message not in moved and not self._is_to_be_asked(row)]
        await self._reschedule(waiting)
        self._missing += [row for row in rows if row.message not in moved and self._is_to_be_recalled(row)]
        to_be_asked = [row for row in rows if self._is_to_be_asked(row)]
        if self._lookup is not None and to_be_asked:
            await self._ask(self._lookup, to_be_asked)
        return not to_be_asked and not matched.pending

    @property
    def _asks_by_own_id(self) -> bool:
        """Whether the provider can be asked about a message whose answer was lost."""
        return self._lookup is not None and self._lookup.by_own_id

    async def _match(self, rows: Sequence[Open]) -> Matched:
        """Look for uncertain messages in what the provider lists as sent, before policy decides about them."""
        if self._matcher is None:
            return Matched()
        latest = time.time() - self._settings.lookup_grace
        doubted = [row for row in rows if row.record.state is State.UNCERTAIN and row.record.changed_at <= latest]
        return await self._matcher.step(doubted, await self._singles()) if doubted else Matched()

    def _decide(self, row: Open, now: float, matched: Matched = _NOTHING) -> Evidence | None:
        """What time or policy makes of a message; None when only the provider can tell, or nothing yet."""
        if row.message in matched.taken | matched.pending:
            return None
        if row.message in matched.several and row.policy is OnUncertain.RESEND:
            return None  # one of those rows is it, most likely
        is_asked_about = self._lookup is not None and self._lookup.takes(row.record.reference)
        if is_over(row, now, self._settings, is_asked_about=is_asked_about):
            return self._evidence(row, Event.EXPIRE, NO_REPORT)
        is_past_grace = now - row.record.changed_at >= self._settings.lookup_grace
        if row.record.state is State.UNCERTAIN and not self._asks_by_own_id and is_past_grace:
            event = by_policy(row, self._most_attempts)
            return self._evidence(row, event, row.record.code if event is Event.ASSUME else "") if event else None
        return None

    async def _ask(self, lookup: Lookup, rows: Sequence[Open]) -> None:
        """One bulk request for the oldest, single requests for some of the others: each has its own limit.

        When the bulk request must wait (one a minute), some are asked singly instead. A submission of which
        not every message was asked in this turn stays due.
        """
        gate = asyncio.Semaphore(_AT_ONCE)
        told: list[Open] = []

        async def ask(group: Sequence[Open]) -> bool:
            async with gate:
                answer = await self._look(lookup, group)
            if answer:
                told.extend(group)
            return answer is not None

        singles = rows[lookup.most :] if len(rows) > _AT_ONCE and await ask(rows[: lookup.most]) else rows
        await asyncio.gather(*(ask([row]) for row in self._in_turn(singles, await self._singles())))
        await self._take_in(rows)
        if not lookup.by_own_id:  # beside other sources: whoever was not asked waits as well, behind those to come
            told.extend(rows)
        messages = {row.message for row in told}
        untold = {row.record.reference for row in rows if row.message not in messages}
        await self._reschedule([row for row in told if row.record.reference not in untold])

    def _in_turn(self, rows: Sequence[Open], most: int) -> Sequence[Open]:
        """Some of the rows, other ones each time; uncertain ones first, because they may have to be sent."""
        start = self._place % max(1, len(rows))
        self._place += most
        rotated = [*rows[start:], *rows[:start]]
        return sorted(rotated, key=lambda row: row.record.state is not State.UNCERTAIN)[:most]

    async def _singles(self) -> int:
        """How many single requests this turn may make: while there is something to send, only a share of the rate."""
        a_turn = self._account.limits.rate * self._settings.poll_every
        queues = [keys.queue(self._account.name, lane) for lane in Lane]
        now_ms = time.time() * 1000
        is_sending = any([await self._redis.zcount(queue, "-inf", now_ms) for queue in queues])
        return max(1, min(_MOST_SINGLE, int(a_turn * (_SHARE if is_sending else 1.0))))

    def _is_to_be_asked(self, row: Open) -> bool:
        """An uncertain submission is given its grace before 'not found' would be believed."""
        if self._lookup is None or not self._lookup.takes(row.record.reference):
            return False
        if self._is_to_be_recalled(row) or self._decide(row, time.time()) is not None:
            return False
        age = time.time() - row.record.changed_at
        if row.record.state is State.UNCERTAIN:
            return self._lookup.by_own_id and age >= self._settings.lookup_grace
        return row.record.state in {State.SUBMITTED, State.ENROUTE} and age >= self._lookup.after

    def _is_to_be_recalled(self, row: Open) -> bool:
        """Status did not know it after the grace time, perhaps told to a reader that died: history is waited for."""
        is_unconfirmed = row.record.state is State.UNCERTAIN and row.record.code == NOT_CONFIRMED
        return self._recaller is not None and self._asks_by_own_id and is_unconfirmed

    async def _look(self, lookup: Lookup, rows: Sequence[Open]) -> bool | None:
        """Ask about these in one request; whether there was an answer, None when the call's limit forbids it now."""
        pairs = [(row.record.reference, row.msisdn) for row in rows]
        request = lookup.build(self._account.credentials, pairs)
        try:
            answer = await self._asker.ask(request)
        except TooSoonError:
            return None
        if answer is None:
            return False
        await self._journal.write(self._account.name, request.call, answer.status, answer.body, asked=request.form)
        match await digested(partial(lookup.read, pairs), answer):
            case Refused() as refusal:
                await self._asker.refused(request.call, refusal)
            case Reports(items=items):
                self._heard += items
        return True

    async def _take_in(self, rows: Sequence[Open]) -> None:
        """All answers of the turn at once: applying one report costs as much as applying a hundred."""
        items, self._heard = self._heard, []
        known = {(row.record.reference, row.msisdn): row for row in rows}
        reports = [item for item in items if isinstance(item, Report)]
        missing = [known.get((item.reference, item.msisdn)) for item in items if isinstance(item, NotFound)]
        await self._tracker.apply(reports, shelve=False)
        self._missing += [row for row in missing if row is not None and row.record.state is State.UNCERTAIN]
        await self._taken(reports, known)
        await self._give_up([row for item in items if (row := known.get((item.reference, item.msisdn)))])

    async def _give_up(self, asked: Sequence[Open]) -> None:
        """Those that had their time, and of which the provider had nothing new to say now."""
        over = [row for row in asked if is_over(row, time.time(), self._settings, is_asked_about=False)]
        records = await self._reader.records([row.message for row in over]) if over else {}
        unchanged = [row for row in over if records.get(row.message) == row.record]
        await self._ledger.apply([self._evidence(row, Event.EXPIRE, NO_REPORT) for row in unchanged])

    async def _taken(self, reports: Sequence[Report], known: Mapping[Pair, Open]) -> None:
        """The provider knows these: whatever is uncertain of them was taken, though its status says nothing yet."""
        found = [known.get((item.reference, item.msisdn)) for item in reports if item.event is None]
        taken = [row for row in found if row is not None and row.record.state is State.UNCERTAIN]
        await self._ledger.apply([self._evidence(row, Event.SUBMIT, "") for row in taken])

    async def _conclude(self) -> None:
        """What was not found was not sent, once the history, where there is one, does not have it either."""
        missing, self._missing = self._missing, []
        if self._recaller is None:
            await self._believe(missing)
            return
        recalled = await self._recaller.step(missing)
        await self._believe(recalled.absent)
        await self._tracker.apply(recalled.reports, shelve=False)
        await self._taken(recalled.reports, {(row.record.reference, row.msisdn): row for row in recalled.present})
        remarks = [row for row in recalled.waiting if row.record.code != NOT_CONFIRMED]
        await self._ledger.apply([self._evidence(row, Event.DOUBT, NOT_CONFIRMED) for row in remarks])

    async def _believe(self, rows: Sequence[Open]) -> None:
        if rows:
            log.info("uncertain_not_found", account=self._account.name, messages=len(rows))
        await self._ledger.apply([self._not_there(row) for row in rows])

    def _not_there(self, row: Open) -> Evidence:
        """Not sent, so to be sent; but an answer that nobody understands must not be asked for for ever."""
        if row.record.attempts < self._most_attempts:
            return self._evidence(row, Event.DISPROVE, NOT_FOUND)
        code = row.record.code
        return self._evidence(row, Event.REJECT, NOT_FOUND if code == NOT_CONFIRMED else code)

    def _evidence(self, row: Open, event: Event, code: str) -> Evidence:
        return Evidence(
            message=row.message,
            account=self._account.name,
            lane=row.lane,
            event=event,
            reference=row.record.reference,
            code=code,
            seconds=self._settings.give_up_after if event is Event.ASSUME else 0.0,
        )

    async def _reschedule(self, rows: Sequence[Open]) -> None:
        """The older a submission, the longer until it is looked at again."""
        now = time.time()
        scores: dict[str, float] = {}
        for row in rows:
            at = now + self._next_look(row, now)
            scores[row.record.reference] = min(at, scores.get(row.record.reference, at))
        if scores:
            await self._redis.zadd(keys.due(self._account.name), scores, xx=True)

    def _next_look(self, row: Open, now: float) -> float:
        return next_look(row, now, self._settings, self._lookup, is_looked_for=self._matcher is not None)
