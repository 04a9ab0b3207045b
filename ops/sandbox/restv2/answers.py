"""What the restv2 family answers, as plain values: one record per answer; `rendering` writes each in every type."""

from dataclasses import dataclass
from typing import Final

# PROVIDERS.md B2. 40 is known from one site only; 199 and its text are invented for "a code nobody documented".
REMARKS: Final = {
    40: "Error: Invalid sender",
    101: "Error: Check your credentials",
    102: "Error: Parameter [to] is missing",
    103: "Error: Parameter [to] cannot be parsed",
    104: "Error: Parameter [text] is missing",
    105: "Error: You dont have enough sms",
    106: "Error: Message couldnt be sent",
    199: "Error: Something else",
}
NOTHING_NEW: Final = "Info: No pending reports"  # B7
NO_REPORT: Final = "Info: No report"  # B8
SUCCESS: Final = "Success"  # S0
PURGED: Final = "Success: Message purged"  # B5
ACCEPTED: Final = "Success: Accepted for delivery"  # B4, v3
NOT_PURGED: Final = "Error: Message couldnt be purged"  # wording and error number (106) are guesses


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A failure; a failed send has `id` 0 and still tells the balance (S0). `remarks` "": the usual ones."""

    error: int
    balance: str = ""
    remarks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What version 3 tells about a send besides (B4)."""

    cost: str
    mcc: str
    mnc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message was accepted; `id` "" is a fault."""

    id: str
    balance: str
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """SMS left."""

    balance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The account's key."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Ids and letters of messages whose status has changed since the last look."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """A bulk was accepted: (id, msisdn) of each message, and how many numbers were not (v3, B5)."""

    sent: tuple[tuple[str, str], ...]
    rejected: int
    balance: str
    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """A message was taken back (v3, B5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One message's status; `letter` "": nothing is known yet. `ttd`: seconds to delivery (v3, B8)."""

    id: str
    letter: str
    cost: str
    ttd: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRow:
    """One sent message in the history (v3, B4)."""

    id: str
    sender: str
    to: str
    text: str
    timestamp: int
    letter: str
    cost: str
    ttd: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Sent messages, newest first; the envelope around the rows is a guess after status/get."""

    rows: tuple[PastRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mobile:
    """What is known about a number (v3, B10)."""

    msisdn: str
    national: str
    country: str
    country_code: str
    gsm_code: str
    number: str
    mcc: str
    mnc: str
    cost: str


Answer = Failed | Sent | Balance | Key | Changes | Bulk | Purged | Report | Past | Mobile
