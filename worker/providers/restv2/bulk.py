"""sms/bulk of version 3: one text to many numbers in one request, and what the answer means for each (B5).

Only client libraries show this call. The answer names the numbers that were accepted; the others are only counted.
So a number that is missing is believed to be refused only where the counts agree, and then tried alone, because
sms/send says why. There is no place for our client id and none for a callback.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from producer.contract.messages import Reference
from worker.providers.json_values import digits, members, whole
from worker.providers.outcomes import Deferred, Outcome, Rejected, Submitted, Uncertain
from worker.providers.requests import Answer, Credentials, HttpRequest, Outgoing
from worker.providers.restv2 import formats, readings, version3
from worker.providers.restv2.answers import Failed, Unreadable

Fields = dict[str, object]

_ALONE_IN: Final = 1.0
"""Seconds until a message is tried alone: nothing was sent, and the answer then is about that message."""

_NOT_ACCEPTED: Final = "restv2.bulk.not_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRow:
    """One accepted number and the provider's id of its message."""

    id: str
    msisdn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAnswer:
    """The accepted numbers, and how many were refused (None where the answer's counts do not agree with its rows)."""

    rows: tuple[BulkRow, ...]
    rejected: int | None


def build(credentials: Credentials, messages: Sequence[Outgoing], options: Sequence[tuple[str, str]]) -> HttpRequest:
    """One request for messages of one text: `to` separated by commas (B5 [G-pysc G-easy]). ValueError otherwise."""
    if len({(message.text, message.sender, message.unicode) for message in messages}) > 1:
        raise ValueError("sms/bulk takes one text and one sender ID")
    if not credentials.dialect.v3:
        raise ValueError("sms/bulk is a call of version 3, which this account does not ask for")
    fields = [("to", ",".join(message.msisdn for message in messages)), ("text", messages[0].text)]
    if messages[0].sender:
        fields.append(("from", messages[0].sender))
    return version3.request("send", "sms/bulk", [*fields, *options], credentials)


def read(
    messages: Sequence[Outgoing], answer: Answer, failed: Callable[[Failed | Unreadable], Outcome]
) -> tuple[Outcome, ...]:
    """One outcome per message; `failed` says what a failure of the whole request means for one. Never raises."""
    match read_answer(answer):
        case BulkAnswer() as bulk:
            return _outcomes(messages, bulk)
        case failure:
            return (_for_all(failed(failure)),) * len(messages)


def read_answer(answer: Answer) -> BulkAnswer | Failed | Unreadable:
    """The accepted numbers: `{"sms": [{"id", "smsId", "msisdn"}, …], "accepted", "rejected", …}` (B5 [G-pysc])."""
    fields = readings.succeeded(answer)
    if not isinstance(fields, dict):
        return _contradicted(fields, answer)
    items = _items(fields)
    rows = tuple(row for item in items if (row := _row(members(item) or {})))
    accepted, rejected = whole(fields.get("accepted")), whole(fields.get("rejected"))
    agree = accepted == len(rows) == len(items) and rejected is not None
    return BulkAnswer(rows=rows, rejected=rejected if agree else None)


def _outcomes(messages: Sequence[Outgoing], bulk: BulkAnswer) -> tuple[Outcome, ...]:
    """Accepted where exactly one row with an id of its own names the number; else refused, or uncertain."""
    ids = Counter(row.id for row in bulk.rows)
    named: dict[str, list[BulkRow]] = {}
    for row in bulk.rows:
        named.setdefault(row.msisdn, []).append(row)
    missing = sum(message.msisdn not in named for message in messages)
    told = bulk.rejected == missing and len(bulk.rows) + missing == len(messages)

    def outcome(message: Outgoing) -> Outcome:
        rows = named.get(message.msisdn, [])
        if len(rows) == 1 and ids[rows[0].id] == 1:
            return Submitted(reference=Reference(rows[0].id))
        if rows:
            return Uncertain(code="restv2.bulk.id", words="accepted, but under no id of its own")
        if told:
            return Deferred(code=_NOT_ACCEPTED, words="not accepted with others; tried alone", retry_in=_ALONE_IN)
        return Uncertain(code="restv2.bulk.count", words="the answer does not say whether the number was accepted")

    return tuple(map(outcome, messages))


def _for_all(outcome: Outcome) -> Outcome:
    """A refusal of the whole request may be about one of its messages only: each is tried alone."""
    if isinstance(outcome, Rejected):
        words = f"one message of several: {outcome.words}; each is tried alone"
        return Deferred(code=outcome.code, words=words, retry_in=_ALONE_IN)
    return outcome


def _contradicted(failure: Failed | Unreadable, answer: Answer) -> Failed | Unreadable:
    """A refusal that accepts numbers all the same is no refusal."""
    if isinstance(failure, Failed) and _items(formats.value(answer, formats.nothing) or {}):
        return Unreadable(code="restv2.answer.refused_with_id", words="the answer refuses, and names messages")
    return failure


def _items(fields: Fields) -> list[object]:
    listed = fields.get("sms")
    return listed if isinstance(listed, list) else version3.numbered(fields)


def _row(fields: Fields) -> BulkRow | None:
    identifier, number = readings.any_id(fields), digits(fields.get("msisdn"))
    return BulkRow(id=identifier, msisdn=number) if identifier.isdecimal() and number else None
