"""What ops reads from Redis: frozen records, a bounded number of round trips each, none growing with the messages."""

from ops.readings.accounts import AccountReading, AccountState, Throttle, read_accounts
from ops.readings.active import Census, read_active
from ops.readings.backlogs import Backlog, Backlogs, read_backlogs
from ops.readings.budgets import Budget, read_budgets
from ops.readings.campaigns import (
    ActiveTotals,
    CampaignPage,
    CampaignReading,
    Reason,
    Spent,
    read_campaign,
    read_campaigns,
    read_delivery,
    read_refusals,
)
from ops.readings.incoming import (
    IncomingPage,
    IncomingReading,
    OptOutPage,
    read_incoming,
    read_optouts,
)
from ops.readings.outlook import By, Outlook, Work, campaign_outlook, outlook, work_of, work_to_do
from ops.readings.overview import Overview, read_overview
from ops.readings.prices import BY_SMS, Price, price_of, prices_of, read_prices, told_price
from ops.readings.queues import QueueReading, read_queues
from ops.readings.rates import Rates, campaign_sent, counts_of, messages_submitted
from ops.readings.recent import Ending, Recent, read_recent
from ops.readings.runway import read_runways
from ops.readings.series import Point, Series, combined, read_series
from ops.readings.server import ServerReading, read_server
from ops.readings.uncertain import UncertainPage, UncertainReading, read_uncertain
from ops.readings.verdict import Level, Verdict, blocked_why, redis_away, verdict
from ops.readings.workers import WorkerReading, read_workers

__all__ = [
    "BY_SMS",
    "AccountReading",
    "AccountState",
    "ActiveTotals",
    "Backlog",
    "Backlogs",
    "Budget",
    "By",
    "CampaignPage",
    "CampaignReading",
    "Census",
    "Ending",
    "IncomingPage",
    "IncomingReading",
    "Level",
    "OptOutPage",
    "Outlook",
    "Overview",
    "Point",
    "Price",
    "QueueReading",
    "Rates",
    "Reason",
    "Recent",
    "Series",
    "ServerReading",
    "Spent",
    "Throttle",
    "UncertainPage",
    "UncertainReading",
    "Verdict",
    "Work",
    "WorkerReading",
    "blocked_why",
    "campaign_outlook",
    "campaign_sent",
    "combined",
    "counts_of",
    "messages_submitted",
    "outlook",
    "price_of",
    "prices_of",
    "read_accounts",
    "read_active",
    "read_backlogs",
    "read_budgets",
    "read_campaign",
    "read_campaigns",
    "read_delivery",
    "read_incoming",
    "read_optouts",
    "read_overview",
    "read_prices",
    "read_queues",
    "read_recent",
    "read_refusals",
    "read_runways",
    "read_series",
    "read_server",
    "read_uncertain",
    "read_workers",
    "redis_away",
    "told_price",
    "verdict",
    "work_of",
    "work_to_do",
]
