"""What `volley doctor` looks at: pure functions that turn facts into checks, and thin ones that gather the facts."""

from ops.diagnosis.accounts import account_checks
from ops.diagnosis.callbacks import callback_checks
from ops.diagnosis.check import Check, Health
from ops.diagnosis.configuration import configuration_checks
from ops.diagnosis.servers import Timing, read_timing, server_checks
from ops.diagnosis.workers import worker_checks

__all__ = [
    "Check",
    "Health",
    "Timing",
    "account_checks",
    "callback_checks",
    "configuration_checks",
    "read_timing",
    "server_checks",
    "worker_checks",
]
