"""Everything at a glance, as it is shown. Pure functions."""

from ops.dashboard.views.accounts import account_view
from ops.dashboard.views.campaigns import campaign_view
from ops.dashboard.views.kinds import View
from ops.dashboard.views.system import queue_view, server_view, verdict_view, worker_view
from ops.readings import Overview, Rates, Verdict


def overview_view(overview: Overview, rates: Rates, verdict: Verdict) -> View:
    """The whole first page."""
    accounts = {account.name: account for account in overview.accounts}
    return {
        "at": overview.at,
        "verdict": verdict_view(verdict),
        "accounts": [account_view(account, overview, rates) for account in overview.accounts],
        "campaigns": [
            campaign_view(reading, accounts.get(reading.progress.account), rates, overview.at)
            for reading in overview.campaigns.campaigns
        ],
        "campaigns_total": overview.campaigns.total,
        "uncertain": overview.uncertain,
        "queues": [queue_view(queue) for queue in overview.queues],
        "workers": [worker_view(worker) for worker in overview.workers],
        "redis": server_view(overview.server),
    }
