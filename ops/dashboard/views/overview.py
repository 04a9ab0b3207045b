"""Everything at a glance, as it is shown. Pure functions."""

from ops.dashboard.views.accounts import account_view
from ops.dashboard.views.campaigns import campaign_view
from ops.dashboard.views.costs import Prices
from ops.dashboard.views.kinds import View
from ops.dashboard.views.system import queue_view, server_view, verdict_view, worker_view
from ops.readings import Overview, Rates, Verdict


def overview_view(overview: Overview, rates: Rates, verdict: Verdict, prices: Prices) -> View:
    """The whole first page."""
    return {
        "at": overview.at,
        "verdict": verdict_view(verdict),
        "accounts": [account_view(account, overview, rates) for account in overview.accounts],
        "campaigns": [campaign_view(reading, overview, rates, prices) for reading in overview.campaigns.campaigns],
        "campaigns_total": overview.campaigns.total,
        "uncertain": overview.uncertain,
        "queues": [queue_view(queue) for queue in overview.queues],
        "workers": [worker_view(worker) for worker in overview.workers],
        "redis": server_view(overview.server),
        "ready": sum(queue.ready for queue in overview.queues),
        "oldest": max([0.0, *(queue.oldest for queue in overview.queues if queue.ready)]),
        "live": {role: overview.live(role) for role in ("send", "track")},
    }
