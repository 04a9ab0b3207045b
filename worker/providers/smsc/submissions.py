"""What an smsc send answer means for each message of the request.

The rule: only a positive answer under our own client id is a success, only a documented refusal is a
refusal, and everything else is uncertain, because asking later is cheap and an SMS sent twice is not.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, assert_never

from producer.contract.messages import Reference
from producer.contract.states import Event
from worker.providers.outcomes import Block, Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain
from worker.providers.requests import Answer, Outgoing
from worker.providers.smsc import errors, readings, statuses
from worker.providers.smsc.answers import Accepted, Failed, PhoneRow, Unreadable
from worker.providers.smsc.errors import SEND_ERRORS, Kind

_ALONE_IN: Final = 1.0
"""Nothing was sent, and a request for one message is not identical with one for several."""

_REPEAT_IN: Final = 61.0  # A3 error 9: identical requests are remembered for a minute
_CROWD_IN: Final = 5.0  # our guess: requests at once pass within seconds


def read(
    messages: Sequence[Outgoing], client_id: Reference, answer: Answer, *, earlier_attempt: bool
) -> tuple[Outcome, ...]:
    """One outcome per message, in their order; never raises."""
    match readings.submission(answer):
        case Accepted() as accepted:
            return _accepted(messages, client_id, accepted)
        case Failed() as failed:
            return (_failed(failed, several=len(messages) > 1, earlier_attempt=earlier_attempt),) * len(messages)
        case Unreadable() as unreadable:
            return (_unreadable(unreadable, answer),) * len(messages)
        case never:
            assert_never(never)


# --- a numbered error: one outcome for all -----------------------------------------------------------


def _failed(failed: Failed, *, several: bool, earlier_attempt: bool) -> Outcome:
    code = errors.code(failed.number)
    known = SEND_ERRORS.get(failed.number)
    if known is None:
        return Uncertain(code=code, words=failed.text or "an error number that no document lists")
    match known.about:
        case Block() as block:
            return RouteBlocked(code=code, words=known.words, block=block)
        case Kind.TOO_FAST:
            return _too_fast(code, failed.text, earlier_attempt=earlier_attempt)
        case Kind.CONTENT if several:
            words = f"one message of several: {known.words}; each is tried alone"
            return Deferred(code=code, words=words, retry_in=_ALONE_IN)
        case Kind.CONTENT | Kind.REQUEST:
            return Rejected(code=code, words=known.words)
        case never:
            assert_never(never)


def _too_fast(code: str, text: str, *, earlier_attempt: bool) -> Outcome:
    """Error 9: the text tells a repeat from a crowd (A3 [G-rb, S1]); after an earlier attempt it is no failure."""
    if earlier_attempt:
        return Uncertain(
            code=code, words="probably taken at an earlier attempt: the provider saw this request before"
        )
    said = text.lower()
    if "duplicate" in said:
        return Deferred(code=code, words="an identical request less than a minute ago", retry_in=_REPEAT_IN)
    if "concurrent" in said:
        return Deferred(code=code, words="too many requests at once", retry_in=_CROWD_IN, congested=True)
    return Deferred(code=code, words=SEND_ERRORS[9].words, retry_in=_REPEAT_IN, congested=True)


def _unreadable(unreadable: Unreadable, answer: Answer) -> Outcome:
    if answer.status == 429:
        return Deferred(code="smsc.http.429", words="too many requests", retry_in=_REPEAT_IN, congested=True)
    return Uncertain(code=unreadable.code, words=unreadable.words)


# --- accepted: row by row ----------------------------------------------------------------------------


def _accepted(messages: Sequence[Outgoing], client_id: Reference, accepted: Accepted) -> tuple[Outcome, ...]:
    """Good rows are submitted when the answer is ours and counts enough SMS for them; bad rows say why."""
    if accepted.id != client_id:
        doubt = Uncertain(code="smsc.answer.other_id", words="the answer carries another id than the request")
        return (doubt,) * len(messages)
    rows = _rows_by_phone(accepted.rows)
    bad = [_bad(rows.get(message.msisdn, ())) for message in messages]
    if accepted.count is None or accepted.count < bad.count(None):
        doubt = Uncertain(code="smsc.answer.count", words="the answer counts fewer SMS than were submitted")
        return tuple(outcome or doubt for outcome in bad)
    whole_cost = accepted.cost if len(messages) == 1 else None
    return tuple(
        outcome or Submitted(reference=client_id, cost=_cost(rows.get(message.msisdn, ()), whole_cost))
        for message, outcome in zip(messages, bad, strict=True)
    )


def _rows_by_phone(rows: Sequence[PhoneRow]) -> dict[str, list[PhoneRow]]:
    found: dict[str, list[PhoneRow]] = {}
    for row in rows:
        found.setdefault(row.phone, []).append(row)
    return found


def _cost(rows: Sequence[PhoneRow], otherwise: Decimal | None) -> Decimal | None:
    return rows[0].cost if rows and rows[0].cost is not None else otherwise


def _bad(rows: Sequence[PhoneRow]) -> Outcome | None:
    """Why a number was not taken; None when its row has nothing against it, or there is no row."""
    verdicts = {_verdict(row) for row in rows}
    if len(verdicts) > 1:
        return Uncertain(code="smsc.answer.two_rows", words="the answer says two things about this number")
    return verdicts.pop() if verdicts else None


def _verdict(row: PhoneRow) -> Outcome | None:
    """What one row means. Its status decides; `error` alone is a refusal when a table knows it (A3 [G-net])."""
    error = row.error or 0
    if row.status is None:
        return _error_alone(error) if error else None
    code, words = statuses.code(row.status, error), statuses.words(row.status, error)
    match statuses.event(row.status):
        case Event.REPORT_UNDELIVERED:
            return Rejected(code=code, words=words)
        case Event.REPORT_RETURNED:
            return RouteBlocked(code=code, words=words, block=Block.MONEY)
        case Event.REPORT_ENROUTE | Event.REPORT_DELIVERED:
            return None
        case _ if row.status in statuses.NOT_YET:
            return None
        case _:
            return Uncertain(code=code, words=words)


def _error_alone(error: int) -> Outcome:
    """A row with `error` and no status. One source calls it a send error, one an err code (A3 [G-cs, G-net]):
    where both readings refuse the message it is refused, otherwise it is uncertain.
    """
    known = SEND_ERRORS.get(error)
    if known and known.about is Kind.CONTENT:
        return Rejected(code=errors.code(error), words=known.words)
    if known is None and error in statuses.ERRS:
        return Rejected(code=f"smsc.err.{error}", words=statuses.ERRS[error])
    return Uncertain(code=f"smsc.err.{error}", words=statuses.ERRS.get(error, "an error that no document lists"))
