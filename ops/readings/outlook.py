"""When all of a campaign will be sent: by its speed or its account's limits, its hours, its balance. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ops.readings.accounts import AccountReading, Throttle
from ops.readings.campaigns import CampaignReading
from ops.readings.overview import Overview
from ops.readings.prices import Price
from ops.readings.rates import Rates, campaign_sent
from producer.contract.campaigns import Campaign, CampaignState, Lane
from producer.contract.recovery import RECOVERY

_LEAST_RATE: Final = 1e-6


class By(StrEnum):
    """What the time is reckoned from."""

    SPEED = "speed"
    LIMITS = "limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be sent, and beside what. `others`: messages of its account that are sent before it is all sent,
    of so many campaigns `beside` it. `measured`: messages a second that it has lately been sent at; None: not known.
    """

    to_send: int
    segments_each: float = 1.0
    not_before: datetime | None = None
    not_after: datetime | None = None
    others: int = 0
    beside: int = 0
    measured: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """In how many `seconds` all will be sent that will be. The first leaves in `starts_in` seconds.

    `too_late` messages will not be sent: their validity ends before. `balance_for`: so many messages are all that the
    balance is enough for; `balance_ends_in`: seconds until it has ended, where that is before all is sent.
    """

    seconds: float
    by: By
    starts_in: float = 0.0
    beside: int = 0
    too_late: int = 0
    balance_for: int | None = None
    balance_ends_in: float | None = None


def campaign_outlook(
    reading: CampaignReading, overview: Overview, rates: Rates, price: Price | None
) -> Outlook | None:
    """None while it does not go on, but for the time when it starts: nobody knows then when that will be."""
    name = reading.progress.account
    account = next((each for each in overview.accounts if each.name == name), None)
    is_stopped = reading.progress.state is not CampaignState.RUNNING or not overview.live("send")
    if reading.is_over or account is None or not account.is_open or is_stopped:
        return None
    work = work_of(reading, overview.campaigns.campaigns, rates.per_second(campaign_sent(reading)[0]))
    return outlook(work, account, overview.at, price=price, lasts=overview.runways.get(name))


def work_of(reading: CampaignReading, campaigns: Iterable[CampaignReading], measured: float | None) -> Work:
    """What is left of a campaign, beside others of its account among `campaigns`."""
    work = work_to_do(
        reading.campaign, reading.to_send, campaigns, segments=reading.segments, of=reading.progress.total
    )
    return replace(work, measured=measured)


def work_to_do(
    campaign: Campaign, to_send: int, campaigns: Iterable[CampaignReading], *, segments: int, of: int
) -> Work:
    """The same of a campaign that may not have begun. `segments` are those of all `of` its messages."""
    ahead = [_before(each, campaign, to_send) for each in campaigns if each.id != campaign.id]
    return Work(
        to_send=to_send,
        segments_each=segments / of if segments and of else 1.0,
        not_before=campaign.not_before,
        not_after=campaign.not_after,
        others=sum(ahead),
        beside=sum(1 for count in ahead if count),
    )


def outlook(
    work: Work, account: AccountReading, now: datetime, *, price: Price | None = None, lasts: float | None = None
) -> Outlook | None:
    """None when there is nothing to send. `lasts`: seconds of the balance at the speed of the last hour."""
    if not work.to_send:
        return None
    starts_in = max(0.0, (work.not_before - now).total_seconds()) if work.not_before else 0.0
    takes, by = _takes(work, account, starts_in)
    found = Outlook(seconds=starts_in + takes, by=by, starts_in=starts_in, beside=work.beside)
    return _in_time(_paid(found, work, account, price, lasts), work, now)


def seconds_at(throttle: Throttle, batch: int, messages: int, *, later: float = 0.0) -> float:
    """How long so many messages take at the limits, from `later` seconds on, while a lowered rate recovers."""
    ceiling = max(_LEAST_RATE, throttle.ceiling)
    regained = RECOVERY * ceiling
    rate = min(ceiling, throttle.effective + regained * later)
    requests = messages / max(1, batch)
    climbs_for = (ceiling - rate) / regained
    while_climbing = (rate + ceiling) / 2 * climbs_for
    if requests >= while_climbing:
        return climbs_for + (requests - while_climbing) / ceiling
    return (math.sqrt(rate * rate + 2 * regained * requests) - rate) / regained


def _takes(work: Work, account: AccountReading, starts_in: float) -> tuple[float, By]:
    """The measured speed, but never more than the limits allow by now."""
    batch = account.entry.batch
    if work.measured and not starts_in:
        alone = seconds_at(account.throttle, batch, work.to_send)
        return max(work.to_send / work.measured, alone), By.SPEED
    return seconds_at(account.throttle, batch, work.to_send + work.others, later=starts_in), By.LIMITS


def _paid(found: Outlook, work: Work, account: AccountReading, price: Price | None, lasts: float | None) -> Outlook:
    if price is None or account.balance is None:
        return replace(found, balance_ends_in=lasts) if lasts is not None and lasts < found.seconds else found
    each = price.of_message(work.segments_each)
    if each <= 0 or account.balance >= each * (work.to_send + work.others):
        return found
    enough_for = math.floor(max(0.0, account.balance) / each)
    share = enough_for / (work.to_send + work.others)
    ends_in = found.starts_in + share * (found.seconds - found.starts_in)
    return replace(found, balance_for=enough_for, balance_ends_in=ends_in)


def _in_time(found: Outlook, work: Work, now: datetime) -> Outlook:
    if work.not_after is None:
        return found
    left = max(0.0, (work.not_after - now).total_seconds())
    if found.seconds <= left:
        return found
    sent = max(0.0, left - found.starts_in) / (found.seconds - found.starts_in)
    return replace(found, seconds=left, too_late=max(1, round(work.to_send * (1 - sent))))


def _before(other: CampaignReading, campaign: Campaign, to_send: int) -> int:
    """Messages of another campaign that leave before this one's last: they go round; urgent ones go first."""
    if other.progress.account != campaign.account or other.progress.state is not CampaignState.RUNNING:
        return 0
    lanes = (other.campaign.lane, campaign.lane)
    if lanes == (Lane.URGENT, Lane.BULK):
        return other.to_send
    return 0 if lanes == (Lane.BULK, Lane.URGENT) else min(other.to_send, to_send)
