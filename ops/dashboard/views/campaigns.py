"""Campaigns as they are shown: progress, speed, what they wait for. Pure functions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ops.dashboard.views.costs import Prices, campaign_cost, unit_of
from ops.dashboard.views.kinds import View
from ops.dashboard.views.outlook import outlook_view
from ops.readings import (
    AccountReading,
    CampaignReading,
    Overview,
    Rates,
    blocked_why,
    campaign_outlook,
    campaign_sent,
)
from producer.contract.campaigns import CampaignKind, CampaignState, Refusal
from producer.contract.states import State

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


def campaign_view(reading: CampaignReading, overview: Overview, rates: Rates, prices: Prices) -> View:
    """One campaign: progress, speed, when all will be sent, what it costs, what it waits for."""
    progress, campaign = reading.progress, reading.campaign
    account = account_of(reading, overview)
    speed = None if reading.is_over else rates.per_second(campaign_sent(reading)[0])
    waiting = waits_for(reading, account, overview.at, is_served=overview.live("send") > 0)
    price = prices.get(progress.account)
    ahead = campaign_outlook(reading, overview, rates, price)
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
        **outlook_view(ahead, campaign, account, overview.at),
        **campaign_cost(reading, price),
        "currency": unit_of(account),
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
    sent = "" if reading.progress.state is CampaignState.CANCELLED else "all is sent; "
    return _what_is_open(reading.progress.states, sent)


def _why_not_sent(reading: CampaignReading, account: AccountReading | None, now: datetime) -> str:
    not_before = reading.campaign.not_before
    if not_before is not None and not_before > now:
        return f"starts at {not_before:%-d %b %Y, %H:%M} UTC"
    if account is not None and not account.is_open:
        return f"account {account.name} {blocked_why(account)}"
    return ""


def _what_is_open(states: Mapping[State, int], sent: str) -> str:
    if states.get(State.IN_FLIGHT):
        return ""
    if reports := states.get(State.SUBMITTED, 0) + states.get(State.ENROUTE, 0):
        return f"{sent}{reports:,} {'report is' if reports == 1 else 'reports are'} still to come"
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
