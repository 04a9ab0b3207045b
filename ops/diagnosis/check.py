"""One thing that was looked at: how it is, and what to do when it is not as it should be."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How something is: as it should be, worth a look, not as it should be, or not looked at."""

    OK = "ok"
    NOTICE = "notice"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`name` says what was looked at, `subject` whose (an account; empty: the whole system's), `said` what was seen.

    `remedy` is what to do; it is there whenever something is wrong or was not looked at.
    """

    name: str
    said: str
    health: Health = Health.OK
    subject: str = ""
    remedy: str = ""
