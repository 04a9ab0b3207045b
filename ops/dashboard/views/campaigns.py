"""Campaigns as they are shown: progress, speed, what they wait for. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ops.dashboard.views.kinds import View
from ops.readings import AccountReading, CampaignReading, Overview, Rates, blocked_why, campaign_sent
from producer.contract.campaigns import CampaignKind, CampaignState, Refusal
from producer.contract.messages import AccountName
from producer.contract.states import State

Prices = Mapping[AccountName, float]
"""What a message of an account costs, about, where that is known."""

# how states are drawn together in a bar, from the left: class, label, states
BANDS: Final[tuple[tuple[str, str, tuple[State, ...]], ...]] = (
    ("delivered", "delivered", (State.DELIVERED,)),
    ("sent", "sent, no final report yet", (State.SUBMITTED, State.ENROUTE)),
    ("flight", "on the wire", (State.IN_FLIGHT,)),
    ("uncertain", "uncertain", (State.UNCERTAIN,)),
    ("failed", "undelivered, expired or rejected", (State.UNDELIVERED, State.EXPIRED, State.REJECTED)),
    ("cancelled", "cancelled", (State.CANCELLED,)),
    ("waiting", "still to be sent", (State.QUEUED, State.DEFERRED)),
)
_FAILED: Final = (State.UNDELIVERED, State.EXPIRED, State.REJECTED)
_ACCEPTED: Final = (State.SUBMITTED, State.ENROUTE, State.DELIVERED, State.UNDELIVERED)


def campaign_view(reading: CampaignReading, overview: Overview, rates: Rates, prices: Prices) -> View:
    """One campaign: progress, speed, when all will be sent, what it costs, what it waits for."""
    progress, campaign = reading.progress, reading.campaign
    account = account_of(reading, overview)
    speed = None if reading.is_over else rates.per_second(campaign_sent(reading)[0])
    waiting = waits_for(reading, account, overview.at, is_served=overview.live("send") > 0)
    ahead = None if waiting or reading.is_over else _outlook(reading, account, rates)
    runway = overview.runways.get(progress.account)
    return {
        "id": reading.id,
        "account": progress.account,
        "lane": campaign.lane,
        "kind": campaign.kind,
        "state": progress.state,
        "is_over": reading.is_over,
        "total": progress.total,
        "final": progress.final,
        "to_send": reading.to_send,
        "failed": sum(progress.states.get(state, 0) for state in _FAILED),
        "states": {state: progress.states.get(state, 0) for state in State},
        "bands": bands(progress.states, progress.total),
        "refused": progress.refused,
        "duplicates": progress.duplicates,
        "segments": reading.segments,
        "created_at": progress.created_at,
        "finished_at": progress.finished_at,
        "messages_per_minute": None if speed is None else speed * 60,
        "seconds_left": ahead.seconds if ahead else None,
        "seconds_left_by": ahead.by if ahead else "",
        "balance_ends_in": runway if ahead and runway is not None and runway < ahead.seconds else None,
        "cost": _cost(reading, prices.get(progress.account)),
        "currency": account.currency if account else "",
        "waits_for": waiting,
    }


def campaign_page_view(
    reading: CampaignReading,
    overview: Overview,
    refusals: tuple[Refusal, ...],
    rates: Rates,
    prices: Prices,
) -> View:
    """One campaign with everything that was asked for, its reasons and its refusals."""
    campaign = reading.campaign
    return {
        **campaign_view(reading, overview, rates, prices),
        "at": overview.at,
        "text": campaign.text,
        "sender": campaign.sender,
        "not_before": campaign.not_before,
        "not_after": campaign.not_after,
        "on_uncertain": campaign.on_uncertain,
        "reasons": [{"code": r.code, "words": r.words, "count": r.count} for r in reading.reasons],
        "refusals": [{"line": r.line, "given": r.given, "reason": r.reason} for r in refusals],
    }


def account_of(reading: CampaignReading, overview: Overview) -> AccountReading | None:
    """The campaign's account, None when it is not announced (any more)."""
    return next((account for account in overview.accounts if account.name == reading.progress.account), None)


def waits_for(
    reading: CampaignReading, account: AccountReading | None, now: datetime, *, is_served: bool = True
) -> str:
    """Why the campaign does not go on, or what it still waits for; empty while it is being sent, or over."""
    if reading.is_over:
        return ""
    if reading.progress.state is CampaignState.PAUSED:
        return "paused by an operator"
    if reading.to_send:
        return _why_not_sent(reading, account, now) or ("" if is_served else "no send worker is alive")
    if reading.campaign.kind is CampaignKind.SINGLE and reading.progress.final == reading.progress.total:
        return "gathers the single messages of its day"
    return _what_is_open(reading.progress.states)


def _why_not_sent(reading: CampaignReading, account: AccountReading | None, now: datetime) -> str:
    not_before = reading.campaign.not_before
    if not_before is not None and not_before > now:
        return f"starts at {not_before:%-d %b %Y, %H:%M} UTC"
    if account is not None and not account.is_open:
        return f"account {account.name} {blocked_why(account)}"
    return ""


@dataclass(frozen=True, slots=True)
class _Outlook:
    """In how many seconds all will be sent, reckoned by the present `speed` or by the account's `limits`."""

    seconds: float
    by: str


def _outlook(reading: CampaignReading, account: AccountReading | None, rates: Rates) -> _Outlook | None:
    """None when nothing is to be sent, or nothing tells how fast it could be."""
    if not reading.to_send:
        return None
    measured = rates.seconds_for(campaign_sent(reading)[0], reading.to_send)
    if measured is not None:
        return _Outlook(measured, "speed")
    most = account.throttle.effective * account.entry.batch if account else 0.0
    return _Outlook(reading.to_send / most, "limits") if most else None


def _cost(reading: CampaignReading, price: float | None) -> float | None:
    """What was accepted, at the price of a message by which the balance fell lately. About: segments differ."""
    if price is None:
        return None
    states = reading.progress.states
    return price * sum(states.get(state, 0) for state in _ACCEPTED)


def _what_is_open(states: Mapping[State, int]) -> str:
    if states.get(State.IN_FLIGHT):
        return ""
    if reports := states.get(State.SUBMITTED, 0) + states.get(State.ENROUTE, 0):
        return f"all is sent; {reports:,} {'report is' if reports == 1 else 'reports are'} still to come"
    if uncertain := states.get(State.UNCERTAIN, 0):
        return f"{uncertain:,} uncertain {'message' if uncertain == 1 else 'messages'}"
    return ""


def bands(states: Mapping[State, int], total: int) -> list[View]:
    """The parts of a progress bar in per cent of `total`, from the left; parts of nothing are left out."""
    parts, start = [], 0.0
    for kind, label, members in BANDS:
        count = sum(states.get(state, 0) for state in members)
        if count and total:
            width = 100 * count / total
            parts.append({"kind": kind, "label": label, "count": count, "start": start, "width": width})
            start += width
    return parts
