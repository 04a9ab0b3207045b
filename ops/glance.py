"""Successive looks at the whole system: each with its verdict, and the speeds since the looks before it."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from redis.exceptions import RedisError

from ops.progress_view import Pace
from ops.readings import (
    AccountReading,
    CampaignReading,
    Census,
    Outlook,
    Overview,
    Rates,
    Verdict,
    blocked_why,
    campaign_outlook,
    counts_of,
    messages_submitted,
    prices_of,
    read_overview,
    redis_away,
    verdict,
)
from producer.contract.campaigns import CampaignState
from producer.contract.client import Client

_TIMEOUT: Final = 5.0
_WAITS: Final = {"rate": "at its rate", "slots": "at its requests at once"}  # worker.throttle's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One look, at Redis' time `at`. While Redis is away, `overview` is the last one (None: there was none)."""

    at: datetime
    verdict: Verdict
    overview: Overview | None
    rates: Rates
    pace: Pace

    def speed(self, account: AccountReading) -> float | None:
        """Messages a second that the account's provider accepts; None until that is known."""
        return self.rates.per_second(messages_submitted(account)[0])

    def busiest(self) -> list[AccountReading]:
        """The accounts, the quickest first."""
        accounts = self.overview.accounts if self.overview else ()
        return sorted(accounts, key=lambda account: (-(self.speed(account) or 0.0), account.name))

    def why(self, account: AccountReading) -> str:
        """What keeps an account from sending more just now, in words; empty when nobody says."""
        if not account.is_open:
            return blocked_why(account)
        workers = self.overview.workers if self.overview else ()
        waiting = {worker.waiting.get(account.name, "") for worker in workers if worker.is_live}
        return ", ".join(sorted(_WAITS.get(why, why) for why in waiting if why))

    def waits_for(self, campaign: CampaignReading) -> str:
        """Why a campaign does not go on; empty when it does, or is over."""
        if campaign.is_over or not campaign.to_send:
            return ""
        if campaign.progress.state is CampaignState.PAUSED:
            return "paused"
        accounts = self.overview.accounts if self.overview else ()
        account = next((known for known in accounts if known.name == campaign.progress.account), None)
        if account is None:
            return f"no worker knows account {campaign.progress.account}"
        if not account.is_open:
            return f"account {account.name} {blocked_why(account)}"
        begins = campaign.campaign.not_before
        return f"starts at {begins:%-d %b %Y, %H:%M} UTC" if begins is not None and begins > self.at else ""

    def ahead(self, campaign: CampaignReading) -> Outlook | None:
        """When all of a campaign will be sent, and what stands in the way; None where nobody can tell."""
        if self.overview is None:
            return None
        prices = prices_of(self.overview.accounts, self.overview.campaigns.campaigns, {})
        return campaign_outlook(campaign, self.overview, self.rates, prices.get(campaign.progress.account))


class Looker:
    """Looks again and again at one Redis. `campaigns`: how many of the newest are read each time."""

    def __init__(self, redis: Client, *, campaigns: int = 20) -> None:
        self._redis = redis
        self._census = Census(redis)
        self._campaigns = campaigns
        self._rates = Rates()
        self._pace = Pace()
        self._overview: Overview | None = None
        self._read_at = time.monotonic()

    async def look(self) -> Glance:
        """Read everything once. A Redis that does not answer is no error: the verdict says it."""
        try:
            async with asyncio.timeout(_TIMEOUT):
                overview = await read_overview(self._redis, campaigns=self._campaigns, census=self._census)
        except (RedisError, OSError, TimeoutError):
            said = redis_away(time.monotonic() - self._read_at)
            return self._glance(datetime.now(UTC), said)
        self._overview, self._read_at = overview, time.monotonic()
        self._rates.see(self._read_at, counts_of(overview.accounts, overview.campaigns.campaigns))
        self._pace.see(overview.campaigns.campaigns)
        return self._glance(overview.at, verdict(overview, self._rates))

    def _glance(self, at: datetime, said: Verdict) -> Glance:
        return Glance(at=at, verdict=said, overview=self._overview, rates=self._rates, pace=self._pace)
