"""What the pages and the JSON show, made from readings: the same values for both. Pure functions."""

from ops.dashboard.views.accounts import account_page_view, account_view
from ops.dashboard.views.campaigns import BANDS, bands, campaign_page_view, campaign_view, waits_for
from ops.dashboard.views.charts import THROUGHPUT, chart_view, charts_view
from ops.dashboard.views.costs import Prices
from ops.dashboard.views.kinds import View
from ops.dashboard.views.overview import overview_view
from ops.dashboard.views.preview import forecast_view
from ops.dashboard.views.system import backlogs_view, queue_view, server_view, verdict_view, worker_view
from ops.dashboard.views.uncertain import uncertain_view

__all__ = [
    "BANDS",
    "THROUGHPUT",
    "Prices",
    "View",
    "account_page_view",
    "account_view",
    "backlogs_view",
    "bands",
    "campaign_page_view",
    "campaign_view",
    "chart_view",
    "charts_view",
    "forecast_view",
    "overview_view",
    "queue_view",
    "server_view",
    "uncertain_view",
    "verdict_view",
    "waits_for",
    "worker_view",
]
