"""The one door by which a delivery report enters, whichever way it came."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
import structlog
from msgspec import structs

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.messages import MessageId, Msisdn, Reference
from producer.contract.states import TRANSITIONS, Event, State
from worker.counting import ReportCounter
from worker.ledger import Evidence, Ledger, LedgerReader, Recorded, Write
from worker.ledger.accounts import AccountBook
from worker.providers.reports import Report
from worker.settings import Account
from worker.tracing.witness import Witness

_RETURNED_WAIT: Final = 60.0
_MOST_ORPHANS: Final = 50_000
_REMATCH: Final = 500
_NOBODY: Final = Msisdn("")
_SHELF_LIFE: Final = 7 * 86_400

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of some reports: moved a message, said nothing new, or belong to nothing we know."""

    moved: int = 0
    unchanged: int = 0
    unknown: int = 0


class Tracker:
    """Applies reports of one account. The raw answer must be in the journal before this is called.

    A message that is given back unsent is tried again, until it has had `most_attempts`.
    """

    def __init__(
        self,
        account: Account,
        redis: Client,
        ledger: Ledger,
        reader: LedgerReader,
        book: AccountBook,
        most_attempts: int = 5,
        witness: Witness | None = None,
    ) -> None:
        self._most_attempts = most_attempts
        self._account = account
        self._redis = redis
        self._ledger = ledger
        self._reader = reader
        self._book = book
        self.counter = ReportCounter(
            account.name, reader, book, reference_life=ledger.reference_life, witness=witness
        )

    async def apply(self, reports: Sequence[Report], *, shelve: bool = True) -> Applied:
        """Apply reports in their order; harmless to repeat. `shelve`: keep those of unknown submissions.

        History pages hold what others sent by the same login, so unknown rows there are not shelved.
        """
        known = await self._reader.behind(self._account.name, list({report.reference for report in reports}))
        addressees = await self._addressees(known, reports)
        evidence, unknown = [], []
        for report in reports:
            message = addressees.get((report.reference, report.msisdn))
            if message is None:
                unknown.append(report)
            elif report.event is not None:
                evidence.append(self._evidence(message, report))
        evidence = await self._without_end(evidence)
        answers = await self._ledger.apply(await self._with_lanes(evidence))
        self.counter.take(answers)
        if shelve:
            await self._shelve(unknown)
        await self._explain(reports)
        moved = sum(1 for _, _, has_moved in answers if has_moved)
        if any(state is State.DEFERRED for _, state, has_moved in answers if has_moved):
            log.warning("messages_returned_unsent", account=self._account.name)
        if moved:
            await self._book.note_report(self._account.name)
        return Applied(moved=moved, unchanged=len(reports) - moved - len(unknown), unknown=len(unknown))

    async def adopt(self, numbers: Mapping[Reference, Reference]) -> None:
        """The provider says under which id of its own it has submissions that we know by ours: the message is
        submitted, and followed under the provider's id, by which alone it can be asked about. Harmless to repeat.
        """
        known = await self._reader.behind(self._account.name, list(numbers))
        alone = {reference: group[0] for reference, group in known.items() if len(group) == 1}
        records = await self._reader.records(list(alone.values()))
        writes = [
            await self._adopted(message, records[message].attempts, numbers[reference])
            for reference, message in alone.items()
            if message in records and records[message].reference == reference
        ]
        answers = await self._ledger.record(writes)
        await self.recorded([answer for answer in answers if not answer.stale])  # claimed again meanwhile: its own

    async def recorded(self, answers: Sequence[Recorded]) -> None:
        """What the recorder found: reports that had come before our own record, and stale claims."""
        for answer in answers:
            if answer.stale:
                self.counter.stale()
                log.error("stale_outcome", message=str(answer.write.message), outcome=answer.write.event)
            elif answer.orphan is not None:
                await self._take_down({answer.write.reference: answer.orphan})

    async def rematch(self) -> int:
        """Apply shelved reports whose submission is known by now; drop those past their life. How many applied."""
        applied = 0
        batch: dict[Reference, bytes] = {}
        async for reference, data in self._redis.hscan_iter(keys.orphans(self._account.name), count=500):
            batch[Reference(reference.decode())] = data
            if len(batch) == _REMATCH:
                applied += await self._rematch(batch)
                batch = {}
        return applied + await self._rematch(batch)

    async def _rematch(self, shelved: Mapping[Reference, bytes]) -> int:
        known = await self._reader.behind(self._account.name, list(shelved))
        await self._take_down({reference: shelved[reference] for reference in known})
        old = [ref for ref, data in shelved.items() if ref not in known and _age(data) > _SHELF_LIFE]
        if old:
            log.warning("orphans_dropped", account=self._account.name, count=len(old))
            await self._redis.hdel(keys.orphans(self._account.name), *old)
        return len(known)

    async def _take_down(self, shelved: Mapping[Reference, bytes]) -> None:
        """Apply shelved reports, and only then take them off the shelf: a crash in between applies them again."""
        if shelved:
            await self.apply([_unshelved(reference, data) for reference, data in shelved.items()], shelve=False)
            await self._redis.hdel(keys.orphans(self._account.name), *shelved)

    async def _adopted(self, message: MessageId, attempt: int, reference: Reference) -> Write:
        view = await self._reader.campaign(message.campaign)
        return Write(
            message=message,
            account=self._account.name,
            lane=view.campaign.lane if view else Lane.BULK,
            attempt=attempt,
            event=Event.SUBMIT,
            reference=reference,
        )

    async def _addressees(
        self, known: Mapping[Reference, Sequence[MessageId]], reports: Sequence[Report]
    ) -> dict[tuple[Reference, Msisdn], MessageId]:
        """Which message of a submission a report means: the one to its MSISDN, or the only one when it has none."""
        named = {report.reference for report in reports if report.msisdn} & known.keys()
        recipients = await self._reader.recipients([message for reference in named for message in known[reference]])
        found = {
            (reference, recipients[message].msisdn): message
            for reference in named
            for message in reversed(known[reference])
            if message in recipients
        }
        return found | {(reference, _NOBODY): group[0] for reference, group in known.items() if len(group) == 1}

    def _evidence(self, message: MessageId, report: Report) -> Evidence:
        if report.event is None:
            raise ValueError("a report that says nothing new is no evidence")
        wait = _RETURNED_WAIT if report.event is Event.REPORT_RETURNED else 0.0
        return Evidence(
            message=message,
            account=self._account.name,
            lane=Lane.BULK,
            event=report.event,
            reference=report.reference,
            code=report.code if report.event is not Event.REPORT_ENROUTE else "",
            seconds=wait,
        )

    async def _without_end(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        """What is given back unsent after its last attempt was not delivered: nothing may be sent for ever."""
        returned = [item.message for item in evidence if item.event is Event.REPORT_RETURNED]
        records = await self._reader.records(returned) if returned else {}
        spent = {message for message, record in records.items() if record.attempts >= self._most_attempts}
        return [
            structs.replace(item, event=Event.REPORT_UNDELIVERED, seconds=0.0)
            if item.event is Event.REPORT_RETURNED and item.message in spent
            else item
            for item in evidence
        ]

    async def _with_lanes(self, evidence: Sequence[Evidence]) -> list[Evidence]:
        campaigns = dict.fromkeys(item.message.campaign for item in evidence)
        views = {campaign: await self._reader.campaign(campaign) for campaign in campaigns}
        lanes = {campaign: view.campaign.lane for campaign, view in views.items() if view}
        return [_in_lane(item, lanes.get(item.message.campaign, item.lane)) for item in evidence]

    async def _shelve(self, reports: Sequence[Report]) -> None:
        """Keep reports of submissions that we do not know yet: a bounded shelf, one a submission. The newest
        wins, but never over one that ends the message.
        """
        newest: dict[Reference, Report] = {}
        for report in reports:
            if report.event is not None and not _ends(newest.get(report.reference)):
                newest[report.reference] = report
        if not newest:
            return
        shelf = keys.orphans(self._account.name)
        if await self._redis.hlen(shelf) > _MOST_ORPHANS:
            log.error("orphan_shelf_full", account=self._account.name, dropped=len(reports))
            return
        present = dict(zip(newest, await self._redis.hmget(shelf, list(newest)), strict=True))
        added = {
            str(reference): _shelved(report)
            for reference, report in newest.items()
            if (data := present[reference]) is None or not _ends(_unshelved(reference, data))
        }
        if added:
            await self._redis.hset(shelf, mapping=added)
        # our own record may have come between the look-up and the shelf: then nobody else would look again
        known = await self._reader.behind(self._account.name, list(newest))
        kept = await self._redis.hmget(shelf, list(known)) if known else []
        await self._take_down({ref: data for ref, data in zip(known, kept, strict=True) if data is not None})

    async def _explain(self, reports: Sequence[Report]) -> None:
        await self._book.explain(
            self._account.name, {report.code: report.words for report in reports if report.code and report.words}
        )


def _ends(report: Report | None) -> bool:
    return report is not None and report.event is not None and TRANSITIONS[report.event][1].is_final


def _shelved(report: Report) -> bytes:
    return orjson.dumps(
        {
            "event": report.event,
            "code": report.code,
            "words": report.words,
            "msisdn": report.msisdn,
            "at": int(time.time()),
        }
    )


def _unshelved(reference: Reference, data: bytes) -> Report:
    fields = orjson.loads(data)
    event = Event(fields["event"]) if fields["event"] else None
    msisdn = Msisdn(fields.get("msisdn", ""))
    return Report(reference=reference, event=event, code=fields["code"], words=fields["words"], msisdn=msisdn)


def _age(data: bytes) -> float:
    return time.time() - float(orjson.loads(data)["at"])


def _in_lane(item: Evidence, lane: Lane) -> Evidence:
    return item if item.lane is lane else structs.replace(item, lane=lane)
