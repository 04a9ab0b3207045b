"""The composition root: settings become wired objects here, and nowhere else."""

import os
import secrets
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from producer.client import CampaignProducer
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.directory import AccountEntry
from worker.applying import PushApplier
from worker.asking import Asker
from worker.calling import Caller
from worker.collecting import Collector
from worker.engine import AccountQueues
from worker.exporting import ExportBook, Exporter, Fetcher, Lease, RowApplier
from worker.feeding import Feeder
from worker.forgetting import Forgetter
from worker.incoming import IncomingBook
from worker.keeping import ExchangeBook
from worker.learning import Learning
from worker.ledger import Journal, Ledger, LedgerReader, Recorded
from worker.ledger.accounts import AccountBook
from worker.looking import Looker
from worker.lookups import Lookups
from worker.matching import Matcher
from worker.ordering import carrier_of
from worker.polling import Poller
from worker.preparing import Preparer
from worker.probing import Offer, Prober
from worker.providers.exchange import Exchange
from worker.providers.registry import EXPORTS, INBOXES
from worker.recalling import RECALLED, Recaller
from worker.receiving import Receiver
from worker.recording import Recorder
from worker.repairing import Repairer
from worker.sampling import Sampler
from worker.sending import Sender
from worker.settings import Account, Settings
from worker.spacing import Spacing
from worker.submitting import Submitter
from worker.sweeping import Sweeper
from worker.throttle import Crowd, Gate, Windows, login_key
from worker.tracing import TracedSubmitter, start_traces
from worker.tracking import Tracker

_RESERVE: Final = 0.98
"""Of the configured rate. Requests that are late by some ms bunch up: at the full rate a provider's sliding
second now and then holds one too many."""

_FIRST_LOOK: Final = 30.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingParts:
    """What one account needs to be polled."""

    account: Account
    gate: Gate
    exchange: Exchange
    poller: Poller
    caller: Caller
    looker: Looker
    applier: PushApplier
    collector: Collector | None
    exporter: Exporter | None


class App:
    """Everything of one worker process. Make it inside the running event loop."""

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
        self._trackers = {
            name: Tracker(account, self.redis, self.ledger, self.reader, self.book, most, self.witness)
            for name, account in self.settings.accounts.items()
        }

    def sending(self, account: Account) -> SendingParts:
        """The parts that send for one account."""
        settings = self.settings.sending
        login = login_key(account.family.name, account.credentials)
        gate = self._gate(account, "send")
        exchange = self._exchange(account)
        learning = Learning(account, gate, self.book, probe_every=self.settings.tracking.probe_every)
        queues = AccountQueues(self.redis, account.name)
        sender = Sender(
            queues=queues,
            gate=gate,
            preparer=Preparer(account, self.reader, login, time.time, Offer(account, self.book)),
            ledger=self.ledger,
            submitter=self._submitter(account, exchange, learning),
            recorder=self.recorder,
            consumers=account.limits.in_flight,
            batch=account.limits.batch,
            fresh_for=settings.lease / 2,
        )
        feeder = Feeder(self.redis, self.ledger, self.reader, account, settings.horizon)
        return SendingParts(
            account=account,
            queues=queues,
            gate=gate,
            exchange=exchange,
            learning=learning,
            sender=sender,
            feeder=feeder,
        )

    def tracking(self, account: Account) -> TrackingParts:
        """The parts that poll one account."""
        gate = self._gate(account, "track")
        exchange = self._exchange(account)
        windows = Windows(self.redis, gate.login, account.family.rules.windows)
        probe_every = self.settings.tracking.probe_every
        crowd = Crowd(self.redis, gate.login, account.family.rules.at_once, life=self.settings.sending.lease)
        asker = Asker(account, exchange, gate, windows, self.book, crowd=crowd, probe_every=probe_every)
        tracker = self._trackers[account.name]
        lookups = Lookups(
            matcher=self._matcher(account, asker, tracker),
            recaller=self._recaller(account, asker),
            offer=Offer(account, self.book),
            account=account,
            redis=self.redis,
            asker=asker,
            ledger=self.ledger,
            reader=self.reader,
            journal=self.journal,
            tracker=tracker,
            settings=self.settings.tracking,
            most_attempts=self.settings.sending.max_attempts,
        )
        poller = Poller(
            account=account,
            redis=self.redis,
            asker=asker,
            journal=self.journal,
            tracker=tracker,
            lookups=lookups,
            book=self.book,
            prober=Prober(account, asker, self.book),
            settings=self.settings.tracking,
            worker=self.worker,
        )
        incoming = IncomingBook(account, self.redis)
        inbox = INBOXES.get(account.family.name) if account.incoming else None
        collector = Collector(account, self.redis, asker, self.journal, incoming, inbox) if inbox else None
        applier = PushApplier(account, self.redis, tracker, incoming)
        return TrackingParts(
            account=account,
            gate=gate,
            exchange=exchange,
            poller=poller,
            caller=Caller(account, asker, poller, self.book),
            looker=self._looker(account, asker, poller),
            applier=applier,
            collector=collector,
            exporter=self._exporter(account, asker, tracker),
        )

    def entries(self) -> list[AccountEntry]:
        """What this process announces of its accounts."""
        return [_entry(account) for account in self.settings.accounts.values()]

    def _submitter(self, account: Account, exchange: Exchange, learning: Learning) -> Submitter:
        most = self.settings.sending.max_attempts
        keeper = self.exchanges.keeper(account)
        if self.witness is None:
            return Submitter(account, exchange, learning, most_attempts=most, keeper=keeper)
        return TracedSubmitter(account, exchange, learning, most_attempts=most, witness=self.witness, keeper=keeper)

    def _looker(self, account: Account, asker: Asker, poller: Poller) -> Looker:
        tracker = self._trackers[account.name]
        return Looker(
            account=account,
            redis=self.redis,
            asker=asker,
            poller=poller,
            book=self.book,
            journal=self.journal,
            tracker=tracker,
            ledger=self.ledger,
            reader=self.reader,
            offer=Offer(account, self.book),
            matcher=self._matcher(account, asker, tracker),
            grace=self.settings.tracking.lookup_grace,
        )

    def _matcher(self, account: Account, asker: Asker, tracker: Tracker) -> Matcher | None:
        """None where the family cannot list what it sent, or the account does not ask for optional calls."""
        prober = Prober(account, asker, self.book)
        if account.family.matching is None or not prober.is_wanted:
            return None
        return Matcher(
            account=account,
            matching=account.family.matching,
            prober=prober,
            asker=asker,
            ledger=self.ledger,
            reader=self.reader,
            journal=self.journal,
            tracker=tracker,
            grace=self.settings.tracking.lookup_grace,
        )

    def _recaller(self, account: Account, asker: Asker) -> Recaller | None:
        """None where the family has no history of some numbers: there the look-up alone decides."""
        if account.family.recall is None:
            return None
        return Recaller(
            account=account,
            recall=account.family.recall,
            asker=asker,
            reader=self.reader,
            journal=self.journal,
            reference_life=self.ledger.reference_life,
            spacing=Spacing(self.book, account.name, RECALLED),
        )

    def _exporter(self, account: Account, asker: Asker, tracker: Tracker) -> Exporter | None:
        """None where the family has no deferred exports, or there is no folder to keep them in."""
        exports, settings = EXPORTS.get(account.family.name), self.settings.exports
        if exports is None or settings.folder is None:
            return None
        book = ExportBook(self.redis, account.name)
        return Exporter(
            account=account,
            exports=exports,
            asker=asker,
            fetcher=Fetcher(account, exports, asker, settings),
            applier=RowApplier(account, exports, tracker, book, self.book),
            book=book,
            lease=Lease(self.redis, account.name, self.worker),
            folder=settings.folder,
            poll_every=settings.poll_every,
            keep_for=self.settings.retention.finished_for,
        )

    def _gate(self, account: Account, role: str) -> Gate:
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

    def _exchange(self, account: Account) -> Exchange:
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
        for tracker in self._trackers.values():
            await tracker.counter.flush()

    async def _recorded(self, answers: Sequence[Recorded]) -> None:
        for name, tracker in self._trackers.items():
            await tracker.recorded([answer for answer in answers if answer.write.account == name])


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
