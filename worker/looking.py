"""Asking the provider about one message because a person wants to know now; the answer is applied like any other.

What answers "no such message" moves nothing here: whether that may be believed, and so sent again, is for the
look-ups to say (`lookups`), whose next turn is then due at once.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import structlog
from arq.worker import Retry

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import FORGOTTEN, AccountName, MessageId, MessageRecord
from producer.contract.states import Event, State
from worker.asking import Asker
from worker.calling import ADDRESS_BLOCKED, TOO_LATE, Plain, harmless
from worker.digesting import digested
from worker.due import Open
from worker.ledger import Evidence, Journal, Ledger, LedgerReader
from worker.ledger.accounts import AccountBook
from worker.matching import Matcher
from worker.polling import NotTheReaderError, Poller
from worker.probing import Offer
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.interface import Drain, Lookup
from worker.providers.outcomes import Block
from worker.providers.reports import NotFound, Refused, Report, Reports
from worker.providers.requests import Answer, HttpRequest
from worker.settings import Account
from worker.throttle import TooSoonError
from worker.tracking import Tracker

_OTHER_PROCESS_IN: Final = 0.1
_NOTHING_SUBMITTED: Final = "nothing was submitted yet: the provider does not know this message"
_FORGOTTEN: Final = "its number was forgotten, and the provider cannot be asked without it"
_NO_CALL: Final = "the provider has no call that tells of one message"

log = structlog.get_logger(__name__)


class Looker:
    """Asks about messages of one account: by its look-up, else in what was sent, else by the drain."""

    def __init__(  # noqa: PLR0913 - the parts of one account, wired in one place
        self,
        *,
        account: Account,
        redis: Client,
        asker: Asker,
        poller: Poller,
        book: AccountBook,
        journal: Journal,
        tracker: Tracker,
        ledger: Ledger,
        reader: LedgerReader,
        offer: Offer,
        matcher: Matcher | None,
        grace: float,
    ) -> None:
        self.account = account
        self._redis = redis
        self._asker = asker
        self._poller = poller
        self._book = book
        self._journal = journal
        self._tracker = tracker
        self._ledger = ledger
        self._reader = reader
        self._offer = offer
        self._matcher = matcher
        self._grace = grace

    async def look(self, message: MessageId) -> Plain:
        """What the provider says, once it is in the books: `records`, `by` which call, `state`, and that of `before`.

        Or `error`. `unknown`: the provider knows no such message. Raises TooSoonError, and NotTheReaderError where
        only a drain can tell and another process is the reader. Harmless to repeat.
        """
        row = await self._row(message)
        if isinstance(row, str):
            return {"error": row}
        if await self._book.state(self.account.name) == Block.ADDRESS:
            return {"error": ADDRESS_BLOCKED}
        told = await self._told(row)
        after = (await self._reader.records([message])).get(message, row.record)
        return told | {"before": str(row.record.state), "state": str(after.state)}

    async def _row(self, message: MessageId) -> Open | str:
        """The message as it is now, or why nobody can be asked about it."""
        view = await self._reader.campaign(message.campaign)
        record: MessageRecord | None = (await self._reader.records([message])).get(message)
        recipient = (await self._reader.recipients([message])).get(message)
        if view is None or record is None or recipient is None or not record.reference:
            return _NOTHING_SUBMITTED
        if recipient.msisdn == FORGOTTEN:
            return _FORGOTTEN
        campaign = view.campaign
        return Open(
            message=message,
            record=record,
            msisdn=recipient.msisdn,
            lane=campaign.lane,
            policy=campaign.on_uncertain,
        )

    async def _told(self, row: Open) -> Plain:
        lookup, drain = await self._offer.lookup(), self.account.family.drain
        if lookup is not None and (request := self._request(lookup, row)) is not None:
            return await self._look_up(lookup, request, row)
        if self._matcher is not None and self._is_to_be_matched(row):
            return await self._match(self._matcher, row)
        return {"error": _NO_CALL} if drain is None else await self._drain(drain, row)

    def _request(self, lookup: Lookup, row: Open) -> HttpRequest | None:
        """None where the message is known by our own id alone and the provider knows only its own."""
        try:
            return lookup.build(self.account.credentials, [(row.record.reference, row.msisdn)])
        except ValueError:
            return None

    def _is_to_be_matched(self, row: Open) -> bool:
        """Whether it is uncertain, and for long enough that the provider's list may be believed."""
        is_uncertain = row.record.state is State.UNCERTAIN
        return is_uncertain and time.time() - row.record.changed_at >= self._grace

    async def _look_up(self, lookup: Lookup, request: HttpRequest, row: Open) -> Plain:
        answer = await self._asker.attempt(request)
        if not isinstance(answer, Answer):
            return {"error": _without_answer(answer)}
        name = self.account.name
        await self._journal.write(name, request.call, answer.status, answer.body, asked=request.form)
        pairs = [(row.record.reference, row.msisdn)]
        match await digested(partial(lookup.read, pairs), answer):
            case Refused() as refusal:
                await self._asker.refused(request.call, harmless(refusal))
                return {"error": refusal.sentence, "code": refusal.code}
            case Reports(items=items):
                return {"by": request.call} | await self._apply(row, items)

    async def _apply(self, row: Open, items: Sequence[Report | NotFound]) -> Plain:
        """The door of all reports; what the provider knows was taken, though its status may say nothing yet."""
        reports = [item for item in items if isinstance(item, Report)]
        await self._tracker.apply(reports, shelve=False)
        is_uncertain = row.record.state is State.UNCERTAIN
        if is_uncertain and any(report.event is None for report in reports):
            await self._ledger.apply([self._taken(row)])
        is_unknown = len(reports) < len(items)
        if is_unknown and is_uncertain:
            await self._redis.zadd(keys.due(self.account.name), {row.record.reference: time.time()}, xx=True)
        return {"records": [_shown(report) for report in reports], "unknown": is_unknown}

    def _taken(self, row: Open) -> Evidence:
        return Evidence(
            message=row.message,
            account=self.account.name,
            lane=row.lane,
            event=Event.SUBMIT,
            reference=row.record.reference,
        )

    async def _match(self, matcher: Matcher, row: Open) -> Plain:
        matched = await matcher.step([row])
        if row.message in matched.several:
            return {"error": "several messages of the provider's list fit; which is this one cannot be told"}
        return {"by": "history", "records": [], "unknown": row.message not in matched.taken}

    async def _drain(self, drain: Drain, row: Open) -> Plain:
        """Everything that has changed since somebody last asked; of it what is about this message is shown."""
        answer = await self._poller.drain_for(drain.build(self.account.credentials))
        if not isinstance(answer, Answer):
            return {"error": _without_answer(answer)}
        match await digested(drain.read, answer):
            case Refused() as refusal:
                return {"error": refusal.sentence, "code": refusal.code}
            case Reports(items=items):
                own = [item for item in items if isinstance(item, Report) and item.reference == row.record.reference]
                return {"by": "drain", "records": [_shown(report) for report in own]}


async def look_now(ctx: Mapping[str, Any], message_id: str, until: float) -> Plain:  # Any: arq's context
    """The arq function: what `Looker.look` tells. Never fails: what went wrong is `error`.

    `retry_in` seconds when it may be tried again. Not begun after `until` (unix seconds). Where only a drain can
    tell, the job waits for the process that reads the account. Raises ValueError for what is no message id.
    """
    message = MessageId.parse(message_id)
    if time.time() > until:
        return {"error": TOO_LATE}
    reader: LedgerReader = ctx["reader"]
    lookers: Mapping[AccountName, Looker] = ctx["lookers"]
    view = await reader.campaign(message.campaign)
    if view is None:
        return {"error": _NOTHING_SUBMITTED}
    looker = lookers.get(view.campaign.account)
    if looker is None:
        return {"error": f"account {view.campaign.account} is in no worker's settings: nobody can ask its provider"}
    try:
        told = await looker.look(message)
    except TooSoonError as error:
        return {"error": str(error), "retry_in": error.retry_in}
    except NotTheReaderError:
        raise Retry(defer=_OTHER_PROCESS_IN) from None
    log.info("message_asked_about", message=message_id, by=told.get("by", ""), state=told.get("state", ""))
    return told


def _shown(report: Report) -> dict[str, str]:
    """A report as plain values; `changed_at` is the provider's own time."""
    changed_at = report.changed_at.isoformat() if report.changed_at else ""
    return {"code": report.code, "words": report.words, "changed_at": changed_at}


def _without_answer(ending: NotSent | AnswerLost) -> str:
    lost = isinstance(ending, AnswerLost)
    return f"the answer was lost ({ending.reason})" if lost else f"nothing was sent: {ending.reason}"
