"""What a campaign that was not started yet would cost and when all of it would be sent. Pure functions."""

from ops.dashboard.views.costs import Prices, preview_cost, unit_of
from ops.dashboard.views.kinds import View
from ops.dashboard.views.outlook import outlook_view
from ops.readings import Overview, outlook, work_to_do
from producer.contract.campaigns import Campaign


def forecast_view(campaign: Campaign, messages: int, segments: int, overview: Overview, prices: Prices) -> View:
    """Of `messages` of so many `segments` together, by what is known of the campaign's account now."""
    account = next((each for each in overview.accounts if each.name == campaign.account), None)
    price = prices.get(campaign.account)
    work = work_to_do(campaign, messages, overview.campaigns.campaigns, segments=segments, of=messages)
    ahead = outlook(work, account, overview.at, price=price) if account else None
    return {
        **preview_cost(price, messages, segments),
        **outlook_view(ahead, campaign, account, overview.at),
        "currency": unit_of(account),
        "balance": account.balance if account else None,
    }
