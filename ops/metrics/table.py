"""The table of metrics: name, kind, labels, meaning, value. Labels are closed sets, never a campaign or a number."""

from typing import Final

from ops.metrics.accounts import ACCOUNTS, SENDING, TRACKING
from ops.metrics.metric import Metric
from ops.metrics.system import QUEUES, SYSTEM

SECTIONS: Final[dict[str, tuple[Metric, ...]]] = {
    "The system": SYSTEM,
    "Sending": SENDING,
    "Accounts": ACCOUNTS,
    "Reports and callbacks": TRACKING,
    "Queues": QUEUES,
}
METRICS: Final = tuple(metric for section in SECTIONS.values() for metric in section)
