"""The actions of the audit log in plain words, to be put after who did it."""

from collections.abc import Mapping
from typing import Final

ACTS: Final[Mapping[str, str]] = {
    "account.pause": "paused the account",
    "account.resume": "resumed the account",
    "account.limits": "changed the limits",
    "campaign.submit": "submitted the campaign",
    "campaign.price": "asked for the price",
    "campaign.pause": "paused the campaign",
    "campaign.resume": "resumed the campaign",
    "campaign.cancel": "cancelled the campaign",
    "dead.replay": "put dead letters back",
    "dead.drop": "dropped dead letters",
    "export.ask": "asked for an export",
    "login": "logged in",
    "logout": "logged out",
    "message.ask": "asked the provider",
    "message.sent": "decided that it was sent",
    "message.failed": "decided that it was not sent, and ended it",
    "message.resend": "decided that it was not sent, and sent it again",
    "messages.again": "gathered messages to send again",
    "messages.cancel": "cancelled messages",
    "messages.download": "downloaded messages",
    "person.forget": "erased a person",
    "queues.repair": "repaired the queues",
    "suppression.add": "put a number on the suppression list",
    "suppression.remove": "took a number off the suppression list",
}


def act(action: str) -> str:
    """What was done; the action's own name where this version of the page knows none better."""
    return ACTS.get(action, action)
