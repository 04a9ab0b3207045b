"""The restv2 error numbers, the same for every call.

Source: B2 [G-pysc fixtures, G-school; 40: one site]. The v2 documents list none: `error` comes with v3
answers, and may be missing. HTTP 429 is in no document either; it is read as it is meant everywhere.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from worker.providers.outcomes import Block
from worker.providers.reports import Refused
from worker.providers.requests import Answer
from worker.providers.restv2.answers import Failed, Unreadable


class Kind(StrEnum):
    """What an error is about, when it is about the message."""

    MESSAGE = "message"  # never
    LATER = "later"  # not now


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """One row of the error table. `about` is a Block when it is about the account."""

    about: Kind | Block
    words: str


ERRORS: Final[dict[int, Error]] = {
    40: Error(about=Kind.MESSAGE, words="the sender ID is invalid or not approved"),  # [id 53856403650, 1src]
    # 101 is also what a call from an IP address outside the account's list gets (B1 [W-easy])
    101: Error(about=Block.CREDENTIALS, words="wrong key or password, or this IP address is not on the list"),
    102: Error(about=Kind.MESSAGE, words="the MSISDN is missing"),
    103: Error(about=Kind.MESSAGE, words="the MSISDN cannot be read"),
    104: Error(about=Kind.MESSAGE, words="the text is missing"),
    105: Error(about=Block.MONEY, words="not enough SMS left on the account"),
    106: Error(about=Kind.LATER, words="the message could not be sent"),
}


def code(number: int) -> str:
    """The code of an error number in our records: `restv2.error.105`."""
    return f"restv2.error.{number}"


def refused(failure: Failed | Unreadable, answer: Answer) -> Refused:
    """What an error answer means for any call but send."""
    congested = answer.status == 429
    match failure:
        case Failed():
            return _failed(failure, congested=congested)
        case Unreadable():
            return Refused(code=failure.code, words=failure.words, congested=congested, is_understood=False)
        case never:
            assert_never(never)


def _failed(failed: Failed, *, congested: bool) -> Refused:
    if failed.number is None:
        said = failed.remarks or "refused without a reason"
        return Refused(code="restv2.refused", words=said, congested=congested)
    known = ERRORS.get(failed.number)
    return Refused(
        code=code(failed.number),
        words=known.words if known else failed.remarks or "unknown error",
        block=known.about if known and isinstance(known.about, Block) else None,
        congested=congested,
    )
