"""When all of a campaign will be sent, and what stands in the way, in words. Pure functions."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from ops.dashboard.formats import clock, duration, number, rate
from ops.dashboard.views.kinds import View
from ops.readings import AccountReading, By, Outlook
from producer.contract.campaigns import Campaign

_HOLDS_BACK: Final = ("time", "timestamp", "period")
"""Send options by which the provider itself delivers later, or spread over a time."""


def outlook_view(found: Outlook | None, campaign: Campaign, account: AccountReading | None, now: datetime) -> View:
    """In seconds and as a moment; `outlook` are remarks in words, of which some are warnings."""
    if found is None or account is None:
        nothing = ("seconds_left", "all_sent_at", "balance_ends_in", "balance_for")
        return {**dict.fromkeys(nothing), "seconds_left_by": "", "too_late": 0, "outlook": []}
    return {
        "seconds_left": found.seconds,
        "seconds_left_by": found.by,
        "all_sent_at": now + timedelta(seconds=found.seconds),
        "balance_ends_in": found.balance_ends_in,
        "balance_for": found.balance_for,
        "too_late": found.too_late,
        "outlook": [
            *({"words": words, "is_warning": False} for words in _reckoned(found, campaign, account)),
            *({"words": words, "is_warning": True} for words in _in_the_way(found, campaign)),
        ],
    }


def _reckoned(found: Outlook, campaign: Campaign, account: AccountReading) -> Iterator[str]:
    """What the time is reckoned from."""
    if found.by is By.SPEED:
        yield "at its present speed"
    else:
        others = f", beside {found.beside} other campaign{'' if found.beside == 1 else 's'}" if found.beside else ""
        yield f"at its account's limits{others}"
    throttle = account.throttle
    if throttle.why:
        yield f"the account is slowed to {rate(throttle.effective)} of {rate(throttle.ceiling)} requests a second"
    for name in _HOLDS_BACK:
        if name in campaign.options:
            yield f"the provider is asked to deliver later: {name} {campaign.options[name]}"


def _in_the_way(found: Outlook, campaign: Campaign) -> Iterator[str]:
    if found.balance_ends_in is not None:
        lasts = f"the balance ends in {duration(found.balance_ends_in)}"
        yield lasts if found.balance_for is None else f"{lasts}, after about {number(found.balance_for)} messages"
    if found.too_late:
        messages = "message" if found.too_late == 1 else "messages"
        yield (
            f"about {number(found.too_late)} {messages} will not be sent: the validity ends at"
            f" {clock(campaign.not_after)}"
        )
