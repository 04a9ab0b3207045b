"""A campaign: what was asked for (immutable), and how far it is (counted)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from producer.contract.messages import AccountName, CampaignId, Msisdn
from producer.contract.states import State

CHUNK_SIZE: Final = 200
"""Recipients stored together. Below 512, so that the records of one chunk stay one compact hash."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Lane(StrEnum):
    """Which queue of an account."""

    URGENT = "urgent"
    BULK = "bulk"


class OnUncertain(StrEnum):
    """What becomes of an uncertain message that no evidence resolves."""

    HOLD = "hold"
    RESEND = "resend"
    ASSUME_SENT = "assume_sent"


class CampaignState(StrEnum):
    """Where a campaign is. `loading` is invisible to the feeder: a submit that is not complete yet."""

    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class CampaignKind(StrEnum):
    """`bulk` was submitted as a whole; `single` gathers the urgent messages of one account and day."""

    BULK = "bulk"
    SINGLE = "single"


class Recipient(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row as given: an MSISDN in international digits, template values, and the line it came from."""

    msisdn: Msisdn
    values: Mapping[str, str] = msgspec.field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What was asked for. Times are aware; `text` is a template with `$name` values.

    `options` are what its send requests carry besides, in the provider's words, before the account's own.
    """

    id: CampaignId
    account: AccountName
    text: str
    lane: Lane = Lane.BULK
    kind: CampaignKind = CampaignKind.BULK
    sender: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    on_uncertain: OnUncertain = OnUncertain.HOLD
    created_at: datetime | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A recipient that was not taken, and why. `given` is masked when it is logged or shown."""

    line: int
    given: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a campaign is: `states` counts every recipient of it, `total` is their sum."""

    campaign: CampaignId
    account: AccountName
    state: CampaignState
    total: int
    states: Mapping[State, int]
    reasons: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0
    duplicates: int = 0
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def final(self) -> int:
        """Recipients of which nothing more is to come."""
        return sum(count for state, count in self.states.items() if state.is_final)


def checked_name(name: str, what: str) -> str:
    """`name` itself when it may be part of a key; ValueError that names `what` when it may not."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{what} {name[:80]!r} is not usable: it takes 1 to 64 of A-Z a-z 0-9 . _ - , no sign first")
    return name
