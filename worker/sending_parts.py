"""The parts with which one account sends, wired."""

import time
from dataclasses import dataclass

from worker.engine import AccountQueues
from worker.feeding import Feeder
from worker.learning import Learning
from worker.preparing import Preparer
from worker.probing import Offer
from worker.providers.exchange import Exchange
from worker.sending import Sender
from worker.settings import Account
from worker.shared import Shared
from worker.submitting import Submitter
from worker.throttle import Gate, login_key
from worker.tracing import TracedSubmitter


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingParts:
    """What one account needs to send."""

    account: Account
    queues: AccountQueues
    gate: Gate
    exchange: Exchange
    learning: Learning
    sender: Sender
    feeder: Feeder


def sending_parts(shared: Shared, account: Account) -> SendingParts:
    """The parts that send for one account."""
    settings = shared.settings.sending
    login = login_key(account.family.name, account.credentials)
    gate = shared.gate(account, "send")
    exchange = shared.exchange(account)
    learning = Learning(
        account, gate, shared.book, probe_every=shared.settings.tracking.probe_every, sending=settings
    )
    queues = AccountQueues(shared.redis, account.name)
    sender = Sender(
        queues=queues,
        gate=gate,
        preparer=Preparer(account, shared.reader, login, time.time, Offer(account, shared.book)),
        ledger=shared.ledger,
        submitter=_submitter(shared, account, exchange, learning),
        recorder=shared.recorder,
        consumers=account.limits.in_flight,
        batch=account.limits.batch,
        fresh_for=settings.lease / 2,
    )
    feeder = Feeder(shared.redis, shared.ledger, shared.reader, account, settings.horizon)
    return SendingParts(
        account=account,
        queues=queues,
        gate=gate,
        exchange=exchange,
        learning=learning,
        sender=sender,
        feeder=feeder,
    )


def _submitter(shared: Shared, account: Account, exchange: Exchange, learning: Learning) -> Submitter:
    most = shared.settings.sending.max_attempts
    keeper = shared.exchanges.keeper(account)
    if shared.witness is None:
        return Submitter(account, exchange, learning, most_attempts=most, keeper=keeper)
    return TracedSubmitter(account, exchange, learning, most_attempts=most, witness=shared.witness, keeper=keeper)
