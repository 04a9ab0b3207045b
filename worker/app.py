"""The composition root: settings become wired objects here and in the parts it calls, and nowhere else."""

from urllib.parse import urlsplit

from producer.contract.messages import AccountName
from producer.directory import AccountEntry
from worker.sending_parts import SendingParts, sending_parts
from worker.settings import Account
from worker.shared import Shared
from worker.throttle import login_key
from worker.tracking_parts import TrackingParts, tracking_parts


class App(Shared):
    """Everything of one worker process. Make it inside the running event loop."""

    def sending(self, account: Account) -> SendingParts:
        """The parts that send for one account."""
        return sending_parts(self, account)

    def tracking(self, account: Account) -> TrackingParts:
        """The parts that poll one account."""
        return tracking_parts(self, account)

    def entries(self) -> list[AccountEntry]:
        """What this process announces of its accounts."""
        return [_entry(account) for account in self.settings.accounts.values()]


def _entry(account: Account) -> AccountEntry:
    return AccountEntry(
        name=AccountName(account.name),
        family=account.family.name,
        host=urlsplit(account.credentials.base_url).hostname or "",
        login=login_key(account.family.name, account.credentials),
        rate=account.limits.rate,
        in_flight=account.limits.in_flight,
        batch=account.limits.batch,
        longest_text=account.family.rules.longest_text,
        sender=account.sender,
        default_region=account.default_region,
        options=account.family.send_options,
    )
