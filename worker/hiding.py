"""The raw exchange of a send without anything private: what is kept of it holds no number, text or secret. Pure.

The request is not masked but built anew, by the family itself, from messages and credentials that hold labels: so
whatever shape the family gives it, what was never put in cannot be in it. The answer is the provider's and may repeat
anything; in it the known values are replaced, and what else looks like a number or a secret is masked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from msgspec import structs

from producer.contract.exchanges import COMMON_TEXT, ExchangeRecord, Pairs, number_label, place_of, text_label
from producer.contract.messages import Msisdn
from producer.masking import HIDDEN, Mask
from worker.preparing import Prepared
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.outcomes import Outcome, Submitted
from worker.providers.pushes import message_token
from worker.providers.requests import Answer, Credentials, Dialect, Outgoing
from worker.settings import Account

LONGEST: Final = 4096
"""Characters that are kept of each field of a request, and of an answer."""

_LONGEST_WORDS: Final = 200
_LONGEST_NUMBER: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One exchange as it was: `asked_at` unix seconds, `seconds` until it ended, `size` bytes of its whole answer."""

    prepared: Prepared
    ending: Answer | NotSent | AnswerLost
    outcomes: tuple[Outcome, ...]
    asked_at: float
    seconds: float
    size: int


def hidden(noted: Noted, account: Account) -> ExchangeRecord:
    """What is kept of an exchange of the account. ValueError when the family cannot build it from labels."""
    prepared, ending = noted.prepared, noted.ending
    claim = prepared.claim
    record = ExchangeRecord(
        campaign=claim.campaign,
        places=tuple(map(place_of, claim.messages)),
        outcomes=tuple(_outcome(outcome) for outcome in noted.outcomes),
        asked_at=round(noted.asked_at, 3),
        seconds=round(noted.seconds, 3),
        path=prepared.request.path,
        request=_request(prepared, account),
        size=noted.size,
    )
    if isinstance(ending, Answer):
        return replace(record, status=ending.status, answer=_answer(noted, ending, account))
    return replace(record, ending=ending.reason)


def _outcome(outcome: Outcome) -> str:
    """Its kind, and the reference or the code with its words."""
    kind = type(outcome).__name__.lower()
    if isinstance(outcome, Submitted):
        return f"{kind} {outcome.reference}"
    return f"{kind} {outcome.code}: {Mask().text(outcome.words, longest=_LONGEST_WORDS)}"


def _request(prepared: Prepared, account: Account) -> Pairs:
    """The fields that left, credentials last, each at most `LONGEST` characters."""
    credentials = _without_secrets(account.credentials, prepared.request.dialect)
    built = account.family.sending.build(credentials, _labelled(prepared), prepared.claim.reference)
    personal = {option.name for option in account.family.send_options if option.single}
    fields = [(name, HIDDEN if name in personal else _cut(value)) for name, value in built.form]
    return (*fields, *((name, HIDDEN) for name, _ in built.credentials))


def _labelled(prepared: Prepared) -> tuple[Outgoing, ...]:
    """The messages with labels; equal texts get equal labels, because families put them together by that."""
    labels = _text_labels(prepared)
    return tuple(
        structs.replace(outgoing, msisdn=Msisdn(number_label(message)), text=labels[outgoing.text])
        for message, outgoing in zip(prepared.claim.messages, prepared.outgoing, strict=True)
    )


def _text_labels(prepared: Prepared) -> dict[str, str]:
    """What stands for each text."""
    labels: dict[str, str] = {}
    for message, outgoing in zip(prepared.claim.messages, prepared.outgoing, strict=True):
        labels.setdefault(outgoing.text, text_label(message))
    return labels if len(labels) > 1 else dict.fromkeys(labels, COMMON_TEXT)


def _without_secrets(credentials: Credentials, spoken: Dialect) -> Credentials:
    """Credentials that ask in the same way and hold nothing. `spoken`: what the request said of its charset."""
    names = ("login", "password", "key", "callback", "callback_secret")
    return replace(
        credentials,
        dialect=replace(credentials.dialect, charset=spoken.charset),
        **{name: HIDDEN for name in names if getattr(credentials, name)},
    )


def _answer(noted: Noted, answer: Answer, account: Account) -> str:
    try:
        text = answer.body.decode(answer.dialect.charset or "utf-8", errors="backslashreplace")
    except LookupError:
        text = answer.body.decode(errors="backslashreplace")
    labels = _text_labels(noted.prepared)
    for message, outgoing in zip(noted.prepared.claim.messages, noted.prepared.outgoing, strict=True):
        for value, label in ((outgoing.text, labels[outgoing.text]), (outgoing.msisdn, number_label(message))):
            text = text.replace(value, label) if value and value in text else text
    if noted.size > len(answer.body):  # it was cut, perhaps in the middle of a number or a text
        text = text[: -max(_LONGEST_NUMBER, *(len(outgoing.text) for outgoing in noted.prepared.outgoing))]
    return _cut(_masked(text, Mask(_secrets(noted.prepared, account.credentials)), _references(noted)))


def _secrets(prepared: Prepared, credentials: Credentials) -> Sequence[str]:
    own = [value for _, value in prepared.request.credentials]
    if credentials.callback_secret:
        own.append(message_token(prepared.claim.reference, credentials.callback_secret))
    return [*own, credentials.callback_secret, credentials.callback, credentials.password, credentials.key]


def _references(noted: Noted) -> list[str]:
    """Numbers that are nobody's: references under which the messages are known."""
    found = {outcome.reference for outcome in noted.outcomes if isinstance(outcome, Submitted)}
    return sorted({*found, noted.prepared.claim.reference})


def _masked(text: str, mask: Mask, public: Sequence[str]) -> str:
    """`text` masked, but for what is public and stands as a whole word."""
    words = "|".join(map(re.escape, public))
    pieces = re.split(rf"(?<![0-9A-Za-z])({words})(?![0-9A-Za-z])", text)
    return "".join(
        piece if place % 2 else mask.text(piece, longest=len(text) + 1, lines=True)
        for place, piece in enumerate(pieces)
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
