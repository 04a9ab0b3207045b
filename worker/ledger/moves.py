"""What the ledger is asked and what it answers: claims, outcomes to record, evidence to apply."""

from enum import StrEnum

from msgspec import Struct

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName, CampaignId, MessageId, Msisdn, Reference
from producer.contract.states import Event


class ClaimAnswer(StrEnum):
    """Why a message was not claimed."""

    CLAIMED = "claimed"
    GONE = "gone"  # no such record
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PAUSED = "paused"
    EARLY = "early"  # deferred, not yet due
    HELD = "held"  # another claim is alive
    DOUBT = "doubt"  # another claim died: the message is uncertain now
    DONE = "done"  # submitted or final already
    SUPPRESSED = "suppressed"  # the MSISDN is on the suppression list
    CHANGED = "changed"  # the id is another campaign's by now: what was prepared is not to be sent
    FENCED = "fenced"  # an identical request left less than the fence ago


class Slice(Struct, frozen=True, kw_only=True, gc=False):
    """`places` messages from `first` on, of a chunk that holds `size`: what is fed in one step."""

    first: MessageId
    places: int
    size: int


class ClaimRequest(Struct, frozen=True, kw_only=True, gc=False):
    """The messages of one request about to leave: one campaign, one account, one lane.

    `msisdns` are theirs, in the same order, for the suppression list (empty: it is not looked at);
    `version` is that of the campaign they were prepared from (empty: any). `told`: the provider is told the
    reference, so a report may come under it before the answer does.
    """

    campaign: CampaignId
    account: AccountName
    lane: Lane
    messages: tuple[MessageId, ...]
    reference: Reference
    login: str
    msisdns: tuple[Msisdn, ...] = ()
    version: str = ""
    fingerprint: str = ""
    fence: float = 0.0  # seconds
    told: bool = True

    @property
    def fence_key(self) -> str:
        """Where the fence against identical requests is; empty when there is none."""
        return keys.fence(self.login, self.fingerprint) if self.fingerprint and self.fence else ""


class Claimed(Struct, frozen=True, kw_only=True, gc=False):
    """What the claim of one message gave; `attempt` counts from 1 when it was claimed, else 0."""

    message: MessageId
    answer: ClaimAnswer
    attempt: int = 0


class Write(Struct, frozen=True, kw_only=True, gc=False):
    """What one submission gave for one message, ready to be recorded.

    `event` is SUBMIT, REJECT, DEFER, RELEASE or DOUBT; `seconds` is the wait before the next attempt.
    `told`: as in the claim. `fence`: the claim's fence key, for a RELEASE of what certainly did not leave: its like
    may leave at once then (empty: the fence stays).
    """

    message: MessageId
    account: AccountName
    lane: Lane
    attempt: int
    event: Event
    reference: Reference
    told: bool = True
    seconds: float = 0.0
    code: str = ""
    fence: str = ""


class Recorded(Struct, frozen=True, kw_only=True, gc=False):
    """`stale`: another attempt holds the message. `orphan`: a report that had come before the record."""

    write: Write
    stale: bool = False
    orphan: bytes | None = None


class Evidence(Struct, frozen=True, kw_only=True, gc=False):
    """A reason to move a message that is not a submission: report, lookup, policy, person, time.

    `reference`: move it only while this is the submission it waits for (empty: whichever).
    """

    message: MessageId
    account: AccountName
    lane: Lane
    event: Event
    reference: Reference = Reference("")
    code: str = ""
    seconds: float = 0.0
