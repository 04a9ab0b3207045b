"""Matching: an uncertain message is looked for, by MSISDN, text and time, in what the provider says it sent.

For families that cannot be asked by our own id and can list what they sent (`Family.matching`). Exactly one row
that no other message has proves the submission. No row proves nothing: the list may lag behind.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import structlog

from producer.contract.messages import MessageId, Msisdn, Reference
from producer.contract.states import Event
from worker.asking import Asker
from worker.digesting import digested
from worker.due import Open
from worker.ledger import Journal, Ledger, LedgerReader, Write
from worker.probing import Prober
from worker.providers.interface import Matching, Sent
from worker.providers.reports import Refused
from worker.providers.requests import Answer, HttpRequest
from worker.settings import Account
from worker.throttle import TooSoonError
from worker.tracking import Tracker

_CLOCKS: Final = 30.0
"""Seconds by which the provider's clock may be behind ours."""

_ACCEPTED_WITHIN: Final = 300.0
"""Seconds after the answer was lost in which the provider may still have taken the request."""

_LONGEST_WAIT: Final = 600.0
"""Seconds past the grace in which policy waits for a list that cannot be read."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for: sent to `msisdn` between two unix times, its text with even spaces."""

    row: Open
    text: str = field(repr=False)
    since: float
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What one turn found of uncertain messages. For those in none of the sets policy decides.

    `taken` are submitted now; `pending` are looked for again next turn; `several` have more than one row.
    """

    taken: frozenset[MessageId] = frozenset()
    pending: frozenset[MessageId] = frozenset()
    several: frozenset[MessageId] = frozenset()

    def and_also(self, other: Self) -> Self:
        """Both together."""
        return replace(
            self,
            taken=self.taken | other.taken,
            pending=self.pending | other.pending,
            several=self.several | other.several,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one list says, and the messages that are older than what it reaches back to."""

    matched: Matched
    beyond: Sequence[Open]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a list says: the row of a message, messages to look for again, messages with several rows."""

    found: Mapping[MessageId, Sent] = field(default_factory=dict)
    pending: frozenset[MessageId] = frozenset()
    several: frozenset[MessageId] = frozenset()


class Matcher:
    """Looks for the uncertain messages of one account. Called by the account's one reader."""

    def __init__(  # noqa: PLR0913 - the parts of one account, wired in one place
        self,
        *,
        account: Account,
        matching: Matching,
        prober: Prober,
        asker: Asker,
        ledger: Ledger,
        reader: LedgerReader,
        journal: Journal,
        tracker: Tracker,
        grace: float,
    ) -> None:
        self._account = account
        self._matching = matching
        self._prober = prober
        self._asker = asker
        self._ledger = ledger
        self._reader = reader
        self._journal = journal
        self._tracker = tracker
        self._grace = grace

    async def step(self, rows: Sequence[Open], most: int = 1) -> Matched:
        """Look for these uncertain messages, all past their grace: in what was sent last, then by their numbers.

        `most` requests, but two at least: each turn comes further with the numbers that the list does not reach.
        """
        if not rows:
            return Matched()
        try:
            offers = await self._prober.offers()
        except TooSoonError:
            return self._postponed(rows)
        if offers is False:
            return Matched()
        return self._postponed(rows) if offers is None else await self._search(rows, most)

    async def _search(self, rows: Sequence[Open], most: int) -> Matched:
        found, beyond = Matched(), rows
        if len({row.msisdn for row in rows}) > 1:
            page = await self._page(rows, Msisdn(""))
            if page is None:
                return self._postponed(rows)
            found, beyond = page.matched, page.beyond
        groups = _by_number(beyond)
        for number in list(groups)[: max(1, most - 1)]:
            group = groups.pop(number)
            page = await self._page(group, number)
            found = found.and_also(page.matched if page is not None else self._postponed(group))
        # whose turn did not come waits, however long
        return found.and_also(Matched(pending=frozenset(row.message for group in groups.values() for row in group)))

    async def _page(self, rows: Sequence[Open], to: Msisdn) -> Page | None:
        """What the list of all that was sent, or of what was sent `to` a number, says; None when it does not come."""
        request = self._matching.build(self._account.credentials, to)
        try:
            answer = await self._asker.ask(request)
        except TooSoonError:
            return None
        if answer is None:
            return None
        match await digested(self._matching.read, answer):
            case Refused() as refusal:
                await self._asker.refused(request.call, refusal)
                return None
            case sent if to and sent and all(item.report.msisdn != to for item in sent):
                log.warning("list_is_not_of_the_number", account=self._account.name, call=request.call)
                return None  # a host that does not know `to` gives what it likes: that says nothing of this number
            case sent:
                return await self._compare(rows, to, sent, answer, request)

    async def _compare(
        self, rows: Sequence[Open], to: Msisdn, sent: Sequence[Sent], answer: Answer, request: HttpRequest
    ) -> Page:
        wanted = await self._wanted(rows)
        known = await self._reader.behind(self._account.name, [item.report.reference for item in sent])
        free = {item.report.reference: item for item in sent if item.report.reference not in known}
        # a younger row may be that of a message whose answer is still awaited
        judged = judge(wanted, list(free.values()), settled=time.time() - self._ledger.lease)
        # how many rows a host gives is its own affair: a short list reaches back to its oldest row, and no further
        reached = min((item.sent_at.timestamp() for item in sent if item.sent_at), default=0.0)
        if judged.several:
            log.warning("uncertain_matches_several", account=self._account.name, messages=len(judged.several))
        if judged.found:
            await self._journal.write(
                self._account.name, request.call, answer.status, answer.body, asked=request.form
            )
            await self._take(wanted, judged.found)
        taken = frozenset(judged.found)
        pending = judged.pending - taken - judged.several
        decided = taken | pending | judged.several
        return Page(
            matched=Matched(taken=taken, pending=pending, several=judged.several),
            beyond=[
                each.row for each in wanted if not to and each.since < reached and each.row.message not in decided
            ],
        )

    async def _take(self, wanted: Sequence[Wanted], found: Mapping[MessageId, Sent]) -> None:
        """Submitted, under the provider's id; then what the row says of it. A crash in between loses no report."""
        log.info("uncertain_found", account=self._account.name, messages=len(found))
        rows = [each.row for each in wanted if each.row.message in found]
        writes = [self._write(row, found[row.message].report.reference) for row in rows]
        await self._tracker.recorded(await self._ledger.record(writes))
        await self._tracker.apply([found[row.message].report for row in rows], shelve=False)

    def _write(self, row: Open, reference: Reference) -> Write:
        return Write(
            message=row.message,
            account=self._account.name,
            lane=row.lane,
            attempt=row.record.attempts,
            event=Event.SUBMIT,
            reference=reference,
        )

    async def _wanted(self, rows: Sequence[Open]) -> list[Wanted]:
        recipients = await self._reader.recipients([row.message for row in rows])
        lives = await self._reader.lives(self._account.name, [row.record.reference for row in rows])
        now, found = time.time(), []
        for row in rows:
            view, recipient = await self._reader.campaign(row.message.campaign), recipients.get(row.message)
            if view is None or recipient is None:
                continue
            left = lives.get(row.record.reference)
            # a reference lives from its claim on; a message whose worker died may be in doubt much later
            claimed = now - (self._ledger.reference_life - left) if left else float("inf")
            since = min(claimed, row.record.changed_at - self._ledger.lease) - _CLOCKS
            text = _even(view.template.render(recipient.values))
            found.append(Wanted(row=row, text=text, since=since, until=row.record.changed_at + _ACCEPTED_WITHIN))
        return found

    def _postponed(self, rows: Sequence[Open]) -> Matched:
        """Nobody could look: policy waits, but not for ever."""
        ends = time.time() - self._grace - _LONGEST_WAIT
        return Matched(pending=frozenset(row.message for row in rows if row.record.changed_at > ends))


def _by_number(rows: Sequence[Open]) -> dict[Msisdn, list[Open]]:
    """Oldest number first."""
    groups: dict[Msisdn, list[Open]] = {}
    for row in sorted(rows, key=lambda row: row.record.changed_at):
        groups.setdefault(row.msisdn, []).append(row)
    return groups


def judge(wanted: Sequence[Wanted], sent: Sequence[Sent], *, settled: float) -> Judged:
    """Which of the rows in `sent`, known of no message, is which message: only where nothing else can be meant.

    A row sent after `settled` (unix time) is not believed yet.
    """
    fits = {each.row.message: [item for item in sent if _fits(each, item)] for each in wanted}
    claims = Counter(item.report.reference for items in fits.values() for item in items)
    found, pending, several = {}, set(), set()
    for message, items in fits.items():
        if any(item.sent_at is None or item.sent_at.timestamp() > settled for item in items):
            pending.add(message)
        elif len(items) > 1 or any(claims[item.report.reference] > 1 for item in items):
            several.add(message)
        elif items:
            found[message] = items[0]
    return Judged(found=found, pending=frozenset(pending), several=frozenset(several))


def _fits(wanted: Wanted, item: Sent) -> bool:
    return (
        item.sent_at is not None
        and wanted.since <= item.sent_at.timestamp() <= wanted.until
        and item.report.msisdn == wanted.row.msisdn
        and _even(item.text) == wanted.text
    )


def _even(text: str) -> str:
    return " ".join(text.split())
