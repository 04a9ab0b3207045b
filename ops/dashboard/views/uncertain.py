"""Uncertain messages as they are shown. Pure functions."""

from ops.dashboard.views.kinds import View
from ops.readings import UncertainPage


def uncertain_view(page: UncertainPage) -> View:
    """The uncertain messages."""
    return {
        "total": page.total,
        "offset": page.offset,
        "messages": [
            {
                "account": item.account,
                "campaign": item.message.campaign,
                "message": str(item.message),
                "place": f"{item.message.chunk}.{item.message.place}",
                "since": item.since,
                "code": item.code,
                "words": item.words,
            }
            for item in page.messages
        ],
    }
