"""How a restv2 message becomes a sms/send request, and what the answer means. One message per request (v2).

This family has no client reference, no duplicate guard and no lookup (B4): what is uncertain here stays so
until a report arrives, so an answer is read as a refusal only where the provider plainly says it did not send.
"""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never
from urllib.parse import urlencode

from producer.contract.messages import Reference
from worker.providers.interface import (
    Answer,
    Block,
    Credentials,
    Deferred,
    HttpRequest,
    Outcome,
    Outgoing,
    Parameter,
    Rejected,
    RouteBlocked,
    Submitted,
    Uncertain,
)
from worker.providers.parameters import one_of, whole
from worker.providers.pushes import message_token
from worker.providers.restv2 import errors, forms, readings
from worker.providers.restv2.answers import Accepted, Failed, Unreadable
from worker.providers.restv2.errors import ERRORS, Kind

OPTIONS: Final = (  # B4 [S0 S2]
    Parameter(name="flash", meaning="true: flash SMS", kind=one_of("true", "false")),
    Parameter(name="timestamp", meaning="when to send, unix time", kind=whole(0, 10**11)),
)
"""What `[accounts.NAME.send]` may set for all of an account's messages."""

_BREATHE: Final = 30.0  # our guess: nothing says how long "could not be sent" lasts


def group(messages: Sequence[Outgoing]) -> tuple[tuple[int, ...], ...]:
    """Each message alone."""
    return tuple((place,) for place in range(len(messages)))


def build(
    credentials: Credentials,
    messages: Sequence[Outgoing],
    client_id: Reference,
) -> HttpRequest:
    """One sms/send request (B4 [S0 S2]); ValueError unless it is for exactly one message.

    Version 2 has nowhere to put the client id; version 3 takes an address for the message's report, and there
    it goes, with a token that nobody can guess (B9).
    """
    if len(messages) != 1:
        raise ValueError(f"{len(messages)} messages in one request (restv2 takes exactly one)")
    fields = (*_fields(messages[0]), *credentials.dialect.extra, *_callback(credentials, client_id))
    return forms.request("send", "sms/send", fields, credentials)


def _callback(credentials: Credentials, client_id: Reference) -> Iterator[tuple[str, str]]:
    if credentials.dialect.v3 and credentials.callback:
        token = message_token(client_id, credentials.callback_secret)
        yield "callback", f"{credentials.callback}?{urlencode({'r': client_id, 's': token})}"


def read(
    messages: Sequence[Outgoing],
    client_id: Reference,  # noqa: ARG001 - the interface's; the provider assigns its own reference
    answer: Answer,
    *,
    earlier_attempt: bool,  # noqa: ARG001 - the interface's; no answer of this provider speaks of repeats
) -> tuple[Outcome, ...]:
    """One outcome per message; never raises."""
    return (_outcome(answer),) * len(messages)


def _fields(message: Outgoing) -> Iterator[tuple[str, str]]:
    yield "to", message.msisdn
    yield "text", message.text
    if message.sender:
        yield "from", message.sender
    if message.unicode:
        yield "ucs", "true"  # B4: without it letters outside GSM-7 may be lost; the sender's choice


def _outcome(answer: Answer) -> Outcome:
    match readings.submission(answer):
        case Accepted(id=identifier):
            return Submitted(reference=Reference(identifier))
        case Failed() as failed:
            return _failed(failed, congested=answer.status == 429)
        case Unreadable() if answer.status == 429:
            return Deferred(code="restv2.http.429", words="too many requests", retry_in=_BREATHE, congested=True)
        case Unreadable(code=code, words=words):
            return Uncertain(code=code, words=words)
        case never:
            assert_never(never)


def _failed(failed: Failed, *, congested: bool) -> Outcome:
    if failed.id:
        return Uncertain(code="restv2.answer.refused_with_id", words="the answer refuses, and names a message")
    if failed.number is None:
        # B4 [S0]: "status 1 for message sent, otherwise failed"; without a reason it may be temporary
        said = failed.remarks or "refused without a reason"
        return Deferred(code="restv2.refused", words=said, congested=congested)
    code, known = errors.code(failed.number), ERRORS.get(failed.number)
    if known is None:
        return Uncertain(code=code, words=failed.remarks or "an error number that no document lists")
    match known.about:
        case Block() as block:
            return RouteBlocked(code=code, words=known.words, block=block)
        case Kind.MESSAGE:
            return Rejected(code=code, words=known.words)
        case Kind.LATER:
            return Deferred(code=code, words=known.words, retry_in=_BREATHE, congested=True)
        case never:
            assert_never(never)
