"""Campaigns: how far each is, why messages failed, which recipients were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ops.readings.fields import Fields, counts, moment, readable, text, whole
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.campaigns import Campaign, CampaignState, Progress, Refusal
from producer.contract.client import Client
from producer.contract.codec import decode_campaign, decode_refusal
from producer.contract.messages import AccountName, CampaignId
from producer.contract.states import State
from producer.msisdn import masked

_MILLION: Final = 1_000_000
_TO_SEND: Final = (State.QUEUED, State.DEFERRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why messages ended or were deferred; `words` is empty when nobody said what the code means."""

    code: str
    words: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What the provider said submissions cost, in the account's currency, and of how many messages it did."""

    cost: float = 0.0
    messages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReading:
    """One campaign: what was asked for, and its progress. Reasons come most frequent first.

    `segments` are those of all its texts; 0: not known.
    """

    campaign: Campaign
    progress: Progress
    reasons: tuple[Reason, ...] = ()
    segments: int = 0
    spent: Spent = Spent()

    @property
    def id(self) -> CampaignId:
        """The campaign's id."""
        return self.progress.campaign

    @property
    def to_send(self) -> int:
        """Messages that a submission is still to come for."""
        return sum(self.progress.states.get(state, 0) for state in _TO_SEND)

    @property
    def is_over(self) -> bool:
        """Whether every recipient is final and nothing more is to come."""
        return self.progress.finished_at is not None or self.progress.state is CampaignState.FINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPage:
    """Some campaigns, newest first, beginning at `offset` of `total`."""

    campaigns: tuple[CampaignReading, ...]
    total: int
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveTotals:
    """All campaigns that are not over, added up: how many by their state, and their messages by state."""

    campaigns: Mapping[CampaignState, int] = field(default_factory=dict)
    states: Mapping[State, int] = field(default_factory=dict)

    @property
    def to_send(self) -> int:
        """Messages that a submission is still to come for."""
        return sum(self.states.get(state, 0) for state in _TO_SEND)

    @property
    def awaiting(self) -> int:
        """Messages that a report is still to come for."""
        return self.states.get(State.SUBMITTED, 0) + self.states.get(State.ENROUTE, 0)


async def read_campaigns(redis: Client, *, offset: int = 0, limit: int = 50) -> CampaignPage:
    """A page of campaigns, newest first, in three round trips."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.zcard(keys.CAMPAIGNS)
        pipe.zrange(keys.CAMPAIGNS, offset, offset + limit - 1, desc=True)
        total, names = await pipe.execute()
    found = await _read(redis, [CampaignId(readable(name)) for name in names])
    return CampaignPage(campaigns=tuple(found), total=total, offset=offset)


async def read_campaign(redis: Client, campaign: CampaignId) -> CampaignReading | None:
    """One campaign in two round trips; None when there is none, or it is still loading."""
    found = await _read(redis, [campaign])
    return found[0] if found else None


async def read_refusals(redis: Client, campaign: CampaignId, *, limit: int = 100) -> tuple[Refusal, ...]:
    """The first refused recipients, what was given masked; one round trip. At most 1000 are kept."""
    refusals = map(decode_refusal, await redis.lrange(keys.refusals(campaign), 0, limit - 1))
    return tuple(replace(refusal, given=masked(refusal.given)) for refusal in refusals)


async def read_delivery(redis: Client, campaign: CampaignId) -> dict[str, int]:
    """The campaign's final reports by how long they took, a count a bucket of `CAMPAIGN_DELIVERY`; one round trip."""
    return counts(await redis.hgetall(keys.delivery(campaign)))


async def _read(redis: Client, campaigns: Sequence[CampaignId]) -> list[CampaignReading]:
    async with redis.pipeline(transaction=False) as pipe:
        for campaign in campaigns:
            pipe.hgetall(keys.campaign(campaign))
            pipe.hgetall(keys.counts(campaign))
            pipe.hgetall(keys.reasons(campaign))
            pipe.hgetall(keys.spent(campaign))
        answers = await pipe.execute()
    groups = zip(campaigns, answers[::4], answers[1::4], answers[2::4], answers[3::4], strict=True)
    found = [_reading(*group) for group in groups if _is_visible(group[1])]
    names = sorted({reading.progress.account for reading in found})
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(keys.words(name))
        words: dict[AccountName, Fields] = dict(zip(names, await pipe.execute(), strict=True))
    return [_with_reasons(reading, words[reading.progress.account]) for reading in found]


def _is_visible(fields: Fields) -> bool:
    return b"spec" in fields and fields.get(b"state") != CampaignState.LOADING.encode()


def _reading(campaign: CampaignId, fields: Fields, tally: Fields, reasons: Fields, spent: Fields) -> CampaignReading:
    progress = Progress(
        campaign=campaign,
        account=AccountName(text(fields, "account")),
        state=CampaignState(text(fields, "state")),
        total=whole(fields, "total"),
        states=_by_state(tally),
        reasons=counts(reasons),
        refused=whole(fields, "refused"),
        duplicates=whole(fields, "duplicates"),
        created_at=moment(fields, "created_at"),
        finished_at=moment(fields, "finished_at"),
    )
    return CampaignReading(
        campaign=decode_campaign(fields[b"spec"]),
        progress=progress,
        segments=whole(fields, "segments"),
        spent=Spent(cost=whole(spent, "cost") / _MILLION, messages=whole(spent, "messages")),
    )


def _by_state(tally: Fields) -> dict[State, int]:
    found = counts(tally)
    return {state: found[state] for state in State if found.get(state)}


def _with_reasons(reading: CampaignReading, words: Fields) -> CampaignReading:
    ordered = sorted(reading.progress.reasons.items(), key=lambda item: (-item[1], item[0]))
    reasons = (Reason(code=code, words=explain(code, words), count=count) for code, count in ordered)
    return replace(reading, reasons=tuple(reasons))
