"""What all accounts of one worker process share, made once of its settings."""

import os
import secrets
import socket
from collections.abc import Sequence
from typing import Final

from producer.client import CampaignProducer
from producer.contract.client import Client
from worker.forgetting import Forgetter
from worker.keeping import ExchangeBook
from worker.ledger import Journal, Ledger, LedgerReader, Recorded
from worker.ledger.accounts import AccountBook
from worker.ordering import carrier_of
from worker.providers.exchange import Exchange
from worker.receiving import Receiver
from worker.recording import Recorder
from worker.repairing import Repairer
from worker.sampling import Sampler
from worker.settings import Account, Settings
from worker.sweeping import Sweeper
from worker.throttle import Gate, login_key
from worker.tracing import start_traces
from worker.tracking import Tracker

_RESERVE: Final = 0.985
"""Of the configured rate. Requests that are late by some ms bunch up: at the full rate a provider's sliding
second now and then holds one too many."""

_FIRST_LOOK: Final = 30.0


class Shared:
    """Redis, the books and what keeps them. Make it inside the running event loop."""

    def __init__(self, settings: Settings, redis: Client) -> None:
        self.settings = settings
        self.redis = redis
        self.worker = f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(2)}"
        tracking, retention = settings.tracking, settings.retention
        self.reader = LedgerReader(self.redis)
        self.book = AccountBook(redis=self.redis)
        self.journal = Journal(redis=self.redis, length=retention.journal_length)
        self.ledger = Ledger(
            redis=self.redis,
            lease=self.settings.sending.lease,
            reference_life=int(tracking.give_up_after + retention.references_for),
            first_look=min(tracking.poll_every, _FIRST_LOOK),
            grace=tracking.lookup_grace,
        )
        self.recorder = Recorder(self.ledger, self._recorded)
        self.exchanges = ExchangeBook(self.redis, length=retention.exchanges, life=retention.finished_for)
        self.sweeper = Sweeper(self.redis, self.ledger, self.reader, retention)
        self.repairer = Repairer(self.redis, self.ledger, self.reader, self.sweeper)
        self.forgetter = Forgetter(self.redis, self.ledger, self.reader, settings.accounts, settings.exports.folder)
        self.sampler = Sampler(self.redis)
        self.receiver = Receiver(self.redis, CampaignProducer(self.redis), self.worker)
        self.witness = start_traces(settings.traces)
        most = settings.sending.max_attempts
        self.carrier = carrier_of(self.redis, self.reader)
        self.trackers = {
            name: Tracker(account, self.redis, self.ledger, self.reader, self.book, most, self.witness)
            for name, account in self.settings.accounts.items()
        }

    def gate(self, account: Account, role: str) -> Gate:
        """A new door to the account's login, for one of this process' roles."""
        return Gate(
            self.redis,
            account=account.name,
            login=login_key(account.family.name, account.credentials),
            rate=account.limits.rate * _RESERVE,
            slots=account.limits.in_flight,
            worker=f"{self.worker}.{role}",
            slot_lease=self.settings.sending.lease,
            reserve=_RESERVE,
        )

    def exchange(self, account: Account) -> Exchange:
        """New connections to the account's provider."""
        settings = self.settings.sending
        return Exchange(
            account.credentials.base_url,
            connections=account.limits.in_flight,
            total_timeout=settings.request_timeout,
            connect_timeout=settings.connect_timeout,
            longest=account.family.rules.longest,
        )

    async def flush_counts(self) -> None:
        """Write what this process counted of reports."""
        for tracker in self.trackers.values():
            await tracker.counter.flush()

    async def _recorded(self, answers: Sequence[Recorded]) -> None:
        for name, tracker in self.trackers.items():
            await tracker.recorded([answer for answer in answers if answer.write.account == name])
