"""The smsc error numbers: what each says about a send, and about any other call.

Keyed on the number alone; the provider's English is free text that drifts (A2). Sources: A2 and A3
[W-ans, G-net HttpSms/*], A4 [W-st, G-net], A6 [S1], A7 [S3]; live texts [G-rb, G-dev, G-py].
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from worker.providers.outcomes import Block
from worker.providers.reports import Refused
from worker.providers.requests import Answer
from worker.providers.smsc.answers import Failed, Unreadable


class Kind(StrEnum):
    """What an error of a send request is about; `submissions` turns each into an outcome."""

    REQUEST = "request"  # the form as a whole: no other row would change it
    CONTENT = "content"  # one of the messages in it; with several, which one is not told
    TOO_FAST = "too_fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendError:
    """One row of the send error table. `about` is a Block when it is about the account, not the request."""

    about: Kind | Block
    words: str


SEND_ERRORS: Final[dict[int, SendError]] = {
    # 1 may be one row of a list, or the list itself being too long (its limit is not documented), so it
    # must not condemn a whole request of messages
    1: SendError(about=Kind.CONTENT, words="error in the parameters"),
    2: SendError(
        about=Block.CREDENTIALS, words="wrong login or password, or this IP address is not on the account's list"
    ),
    3: SendError(about=Block.MONEY, words="not enough money on the account"),
    4: SendError(about=Block.ADDRESS, words="this IP address is blocked for a while because of frequent errors"),
    5: SendError(about=Kind.REQUEST, words="wrong date format"),
    6: SendError(about=Kind.CONTENT, words="the message is forbidden (text, sender ID, or bulk without a contract)"),
    7: SendError(about=Kind.CONTENT, words="wrong format of the phone number"),
    8: SendError(about=Kind.CONTENT, words="the message cannot be delivered to this number"),
    9: SendError(about=Kind.TOO_FAST, words="an identical request less than a minute ago, or too many at once"),
}

# 3 and 5 differ by call: A4 [G-net] status, A6 [S1] history and data, A7 [S3] templates
CALL_ERRORS: Final[dict[int, str]] = {
    1: "error in the parameters",
    2: "wrong login or password, or this IP address is not on the account's list",
    3: "not found",
    4: "this IP address is blocked for a while because of frequent errors",
    5: "saving or deleting failed",
    9: "too many requests of this kind, or too many at once",
}

_BLOCKS: Final[dict[int, Block]] = {2: Block.CREDENTIALS, 4: Block.ADDRESS}

NOT_FOUND: Final = 3
"""In every call but send: there is no such message, or no message at all (A4 [id 17345447355], A6 [S1])."""


def code(number: int) -> str:
    """The code of an error number in our records: `smsc.error.7`."""
    return f"smsc.error.{number}"


def refused(failure: Failed | Unreadable, answer: Answer) -> Refused:
    """What an error answer means for any call but send."""
    match failure:
        case Failed(number=number, text=text):
            return Refused(
                code=code(number),
                words=CALL_ERRORS.get(number) or text or "unknown error",
                block=_BLOCKS.get(number),
                congested=number == 9 or answer.status == 429,
            )
        case Unreadable(code=name, words=words):
            return Refused(code=name, words=words, congested=answer.status == 429, is_understood=False)
