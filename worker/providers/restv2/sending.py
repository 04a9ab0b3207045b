"""How restv2 messages become requests, and what the answers mean: one by sms/send, several by sms/bulk (version 3).

This family has no client reference, no duplicate guard and no lookup by our own id (B4): what is uncertain here
stays so until a report arrives, so an answer is a refusal only where the provider plainly says it did not send.
"""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never
from urllib.parse import urlencode

from producer.contract.messages import Reference
from producer.contract.options import SendOption
from worker.providers.outcomes import Block, Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain
from worker.providers.pushes import message_token
from worker.providers.requests import Answer, Credentials, HttpRequest, Outgoing
from worker.providers.restv2 import bulk, errors, forms, readings
from worker.providers.restv2.answers import Accepted, Failed, Unreadable
from worker.providers.restv2.errors import ERRORS, Kind
from worker.providers.restv2.limits import RULES

OPTIONS: Final = (  # B4 [S0 S2]
    SendOption(name="flash", meaning="true: flash SMS", choices=("true", "false")),
    SendOption(name="timestamp", meaning="when to send, unix time", least=0, most=10**11),
    SendOption(name="ucs", meaning="true or false, whatever letters the text has", choices=("true", "false")),
)
"""For an account (`[accounts.NAME.send]`), a campaign, or a single message. Without `ucs` our own encoder decides."""

_BREATHE: Final = 30.0  # our guess: nothing says how long "could not be sent" lasts


def group(messages: Sequence[Outgoing]) -> tuple[tuple[int, ...], ...]:
    """The places of messages that sms/bulk can carry together: one text, sender ID and options, no MSISDN twice.

    For the hosts that have it; on the others each message travels alone (`Rules.is_grouped_by_probe`).
    """
    groups: list[list[int]] = []
    newest: dict[tuple[object, ...], int] = {}
    taken: list[set[str]] = []
    for place, message in enumerate(messages):
        kind = (message.text, message.sender, message.unicode, message.options)
        at = newest.get(kind)
        if at is None or len(groups[at]) == RULES.most_per_request or message.msisdn in taken[at]:
            at = newest[kind] = len(groups)
            groups.append([])
            taken.append(set())
        groups[at].append(place)
        taken[at].add(message.msisdn)
    return tuple(map(tuple, groups))


def build(
    credentials: Credentials,
    messages: Sequence[Outgoing],
    client_id: Reference,
) -> HttpRequest:
    """One sms/send request (B4 [S0 S2]), or for several messages that `group` put together one sms/bulk (B5).

    Version 2 has nowhere to put the client id; version 3 takes an address for the report of a message sent alone,
    and there it goes, with a token that nobody can guess (B9). ValueError for what cannot share a request.
    """
    _check(messages)
    options = _options(messages[0], credentials.dialect.extra)
    if len(messages) > 1:
        return bulk.build(credentials, messages, options)
    fields = (*_fields(messages[0]), *options, *_callback(credentials, client_id))
    return forms.request("send", "sms/send", fields, credentials)


def _check(messages: Sequence[Outgoing]) -> None:
    if len(messages) == 1:
        return
    if not 1 <= len(messages) <= RULES.most_per_request:
        raise ValueError(f"{len(messages)} messages in one request (1 to {RULES.most_per_request} are possible)")
    if len({message.msisdn for message in messages}) < len(messages):
        raise ValueError("an MSISDN twice in one request: its messages could not be told apart")
    if len({message.options for message in messages}) > 1:
        raise ValueError("several sets of options in one request")


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
    if len(messages) > 1:
        return bulk.read(messages, answer, lambda failure: _failure(failure, answer))
    return (_outcome(answer),)


def _fields(message: Outgoing) -> Iterator[tuple[str, str]]:
    yield "to", message.msisdn
    yield "text", message.text
    if message.sender:
        yield "from", message.sender


def _options(message: Outgoing, usual: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The account's options, the message's own before them. B4: without `ucs` letters outside GSM-7 may be lost."""
    asked = {name: value for name, value in dict((*usual, *message.options)).items() if value}
    if message.unicode:
        asked.setdefault("ucs", "true")
    return tuple((name, value) for name, value in asked.items() if value != "false")  # B4 shows `true` alone


def _outcome(answer: Answer) -> Outcome:
    match readings.submission(answer):
        case Accepted(id=identifier):
            return Submitted(reference=Reference(identifier))
        case failure:
            return _failure(failure, answer)


def _failure(failure: Failed | Unreadable, answer: Answer) -> Outcome:
    match failure:
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
