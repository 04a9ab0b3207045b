"""Moving messages: one typed function for each of the ledger's scripts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final, TypeVar

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.jobs import JOB_LIFE, send_body_parts
from producer.contract.messages import AccountName, CampaignId, MessageId, Msisdn, Reference
from producer.contract.scripts import Argument, execute
from producer.contract.states import STATES_BY_LETTER, Event, State
from worker.ledger import scripts

T = TypeVar("T")

_MOST_PER_CALL: Final = 64
"""Messages that one script call may move: keeps the server's longest pause well under a millisecond."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """The messages of one request about to leave: one campaign, one account, one lane.

    `msisdns` are theirs, in the same order, for the suppression list (empty: it is not looked at);
    `version` is that of the campaign they were prepared from (empty: any).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What the claim of one message gave; `attempt` counts from 1 when it was claimed, else 0."""

    message: MessageId
    answer: ClaimAnswer
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """What one submission gave for one message, ready to be recorded.

    `event` is SUBMIT, REJECT, DEFER, RELEASE or DOUBT; `seconds` is the wait before the next attempt.
    `claim_reference` is what the claim was made under, where `reference` is the provider's own.
    """

    message: MessageId
    account: AccountName
    lane: Lane
    attempt: int
    event: Event
    reference: Reference
    claim_reference: Reference = Reference("")
    seconds: float = 0.0
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """`stale`: another attempt holds the message. `orphan`: a report that had come before the record."""

    write: Write
    stale: bool = False
    orphan: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Message state in Redis. All waits are seconds. Redis errors are raised as they come."""

    redis: Client
    lease: int
    reference_life: int
    first_look: float
    grace: float

    async def register(self, message: MessageId, places: int, size: int, *, account: AccountName, lane: Lane) -> str:
        """Make records and jobs for `places` messages from `message` on, of a chunk that holds `size`.

        Returns 'fed', 'all fed', 'moved' (another feeder was here first), or the state of a campaign that
        is not running. Idempotent: a record that exists stays as it is.
        """
        head, tail = send_body_parts()
        answer = await scripts.REGISTER.run(
            self.redis,
            [*_campaign_keys(message.campaign, account), keys.queue(account, lane), _records(message)],
            [message.campaign, message.chunk, message.place, places, size, head, tail, JOB_LIFE],
        )
        return bytes(answer).decode()

    async def claim(self, requests: Sequence[ClaimRequest]) -> list[tuple[Claimed, ...]]:
        """Claim the messages of several requests, each request in one step, all in one round trip."""
        answers = await execute(self.redis, scripts.CLAIM, [self._claim_call(request) for request in requests])
        return [
            tuple(map(_claimed, request.messages, answer)) for request, answer in zip(requests, answers, strict=True)
        ]

    async def record(self, writes: Sequence[Write]) -> list[Recorded]:
        """Record what submissions gave; one round trip for all. The order of the answers is by campaign."""
        groups = [part for group in _grouped(writes, _write_group) for part in _parts(group, _MOST_PER_CALL)]
        answers = await execute(self.redis, scripts.RECORD, [self._record_call(group) for group in groups])
        return [
            _recorded(write, bytes(word))
            for group, answer in zip(groups, answers, strict=True)
            for write, word in zip(group, answer, strict=True)
        ]

    async def apply(self, items: Sequence[Evidence]) -> list[tuple[Evidence, State | None, bool]]:
        """Apply evidence; per item the state the message now has (None: no such submission) and if it moved."""
        groups = [part for group in _grouped(items, _evidence_group) for part in _parts(group, _MOST_PER_CALL)]
        answers = await execute(self.redis, scripts.APPLY, [_apply_call(group) for group in groups])
        return [
            (item, STATES_BY_LETTER.get(letter.lower()), letter.isupper())
            for group, answer in zip(groups, answers, strict=True)
            for item, letter in zip(group, map(_text, answer), strict=True)
        ]

    async def close(
        self, campaign: CampaignId, chunks: int, event: Event, code: str, *, account: AccountName, lane: Lane
    ) -> int:
        """End every message of the campaign that was not claimed, registered or not; how many that were.

        `event` is CANCEL or EXPIRE. Safe to repeat.
        """
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            (
                [
                    *_campaign_keys(campaign, account),
                    keys.queue(account, lane),
                    keys.records(campaign, chunk),
                ],
                [campaign, chunk, event, code],
            )
            for chunk in range(chunks)
        ]
        ended = 0
        for part in _parts(calls, _MOST_PER_CALL):
            ended += sum(await execute(self.redis, scripts.CLOSE, part))
        rest = await scripts.CLOSE_REST.run(self.redis, _campaign_keys(campaign, account), [campaign, event, code])
        return ended + int(rest)

    async def requeue(self, campaign: CampaignId, chunks: Iterable[int], *, account: AccountName, lane: Lane) -> int:
        """Make the jobs that open messages of these chunks lack; how many were missing. Safe at any time."""
        head, tail = send_body_parts()
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            (
                [
                    *_campaign_keys(campaign, account),
                    keys.queue(account, lane),
                    keys.records(campaign, chunk),
                ],
                [campaign, chunk, head, tail, JOB_LIFE],
            )
            for chunk in chunks
        ]
        missing = 0
        for part in _parts(calls, _MOST_PER_CALL):
            missing += sum(await execute(self.redis, scripts.REQUEUE, part))
        return missing

    def _claim_call(self, request: ClaimRequest) -> tuple[list[str], list[Argument]]:
        account = request.account
        called_keys = [
            *_campaign_keys(request.campaign, account),
            keys.queue(account, request.lane),
            keys.due(account),
            keys.uncertain(account),
            keys.reference(account, request.reference),
            keys.fence(request.login, request.fingerprint),
            keys.SUPPRESSED,
            *map(_records, request.messages),
        ]
        fence = int(request.fence * 1000) if request.fingerprint else 0
        args: list[Argument] = [
            request.campaign,
            self.lease,
            request.reference,
            self.reference_life,
            fence,
            self.grace,
            request.version,
        ]
        for message, msisdn in zip(request.messages, request.msisdns or ("",) * len(request.messages), strict=True):
            args += (message.chunk, message.place, msisdn)
        return called_keys, args

    def _record_call(self, group: Sequence[Write]) -> tuple[list[str], list[Argument]]:
        first = group[0]
        called_keys = [
            *_campaign_keys(first.message.campaign, first.account),
            keys.queue(first.account, first.lane),
            keys.due(first.account),
            keys.uncertain(first.account),
            keys.orphans(first.account),
        ]
        args: list[Argument] = [first.message.campaign, self.reference_life, self.first_look, self.grace]
        args += (*send_body_parts(), JOB_LIFE)
        for write in group:
            claim = write.claim_reference or write.reference
            called_keys += (
                _records(write.message),
                keys.reference(write.account, write.reference),
                keys.reference(write.account, claim),
            )
            args += (
                write.message.chunk,
                write.message.place,
                write.attempt,
                write.event,
                int(write.seconds),
                write.reference,
                write.code,
            )
        return called_keys, args


def _apply_call(group: Sequence[Evidence]) -> tuple[list[str], list[Argument]]:
    first = group[0]
    called_keys = [
        *_campaign_keys(first.message.campaign, first.account),
        keys.queue(first.account, first.lane),
        keys.due(first.account),
        keys.uncertain(first.account),
        *(_records(item.message) for item in group),
    ]
    args: list[Argument] = [first.message.campaign, *send_body_parts(), JOB_LIFE]
    for item in group:
        message = item.message
        args += (message.chunk, message.place, item.event, item.reference, item.code, int(item.seconds))
    return called_keys, args


def _campaign_keys(campaign: CampaignId, account: AccountName) -> list[str]:
    return [keys.campaign(campaign), keys.counts(campaign), keys.reasons(campaign), keys.active(account)]


def _records(message: MessageId) -> str:
    return keys.records(message.campaign, message.chunk)


def _claimed(message: MessageId, answer: bytes) -> Claimed:
    word, _, attempt = answer.decode().partition(" ")
    return Claimed(message=message, answer=ClaimAnswer(word), attempt=int(attempt or 0))


def _recorded(write: Write, word: bytes) -> Recorded:
    match word:
        case b"ok" | b"late":
            return Recorded(write=write)
        case b"stale":
            return Recorded(write=write, stale=True)
        case _:
            return Recorded(write=write, orphan=word)


def _write_group(write: Write) -> tuple[str, str, str]:
    return write.message.campaign, write.account, write.lane


def _evidence_group(item: Evidence) -> tuple[str, str, str]:
    return item.message.campaign, item.account, item.lane


def _grouped(items: Sequence[T], key: Callable[[T], tuple[str, str, str]]) -> list[list[T]]:
    return [list(group) for _, group in groupby(sorted(items, key=key), key=key)]


def _parts(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _text(answer: bytes) -> str:
    return answer.decode()
