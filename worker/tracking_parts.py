"""The parts with which one account is polled and asked, wired."""

from dataclasses import dataclass

from worker.applying import PushApplier
from worker.asking import Asker
from worker.calling import Caller
from worker.collecting import Collector
from worker.exporting import ExportBook, Exporter, Fetcher, Lease, RowApplier
from worker.incoming import IncomingBook
from worker.looking import Looker
from worker.lookups import Lookups
from worker.matching import Matcher
from worker.polling import Poller
from worker.probing import Offer, Prober
from worker.providers.exchange import Exchange
from worker.providers.registry import EXPORTS, INBOXES
from worker.recalling import Recaller
from worker.settings import Account
from worker.shared import Shared
from worker.spacing import HistoryHour
from worker.throttle import Crowd, Gate, Windows
from worker.tracking import Tracker


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


def tracking_parts(shared: Shared, account: Account) -> TrackingParts:
    """The parts that poll one account."""
    gate = shared.gate(account, "track")
    exchange = shared.exchange(account)
    windows = Windows(shared.redis, gate.login, account.family.rules.windows)
    probe_every = shared.settings.tracking.probe_every
    crowd = Crowd(shared.redis, gate.login, account.family.rules.at_once, life=shared.settings.sending.lease)
    asker = Asker(account, exchange, gate, windows, shared.book, crowd=crowd, probe_every=probe_every)
    tracker = shared.trackers[account.name]
    lookups = Lookups(
        matcher=_matcher(shared, account, asker, tracker),
        recaller=_recaller(shared, account, asker),
        offer=Offer(account, shared.book),
        account=account,
        redis=shared.redis,
        asker=asker,
        ledger=shared.ledger,
        reader=shared.reader,
        journal=shared.journal,
        tracker=tracker,
        settings=shared.settings.tracking,
        most_attempts=shared.settings.sending.max_attempts,
    )
    poller = Poller(
        account=account,
        redis=shared.redis,
        asker=asker,
        journal=shared.journal,
        tracker=tracker,
        lookups=lookups,
        book=shared.book,
        prober=Prober(account, asker, shared.book),
        settings=shared.settings.tracking,
        worker=shared.worker,
    )
    incoming = IncomingBook(account, shared.redis)
    inbox = INBOXES.get(account.family.name) if account.incoming else None
    collector = Collector(account, shared.redis, asker, shared.journal, incoming, inbox) if inbox else None
    applier = PushApplier(account, shared.redis, tracker, incoming)
    return TrackingParts(
        account=account,
        gate=gate,
        exchange=exchange,
        poller=poller,
        caller=Caller(account, asker, poller, shared.book),
        looker=_looker(shared, account, asker, poller),
        applier=applier,
        collector=collector,
        exporter=_exporter(shared, account, asker, tracker),
    )


def _looker(shared: Shared, account: Account, asker: Asker, poller: Poller) -> Looker:
    tracker = shared.trackers[account.name]
    return Looker(
        account=account,
        redis=shared.redis,
        asker=asker,
        poller=poller,
        book=shared.book,
        journal=shared.journal,
        tracker=tracker,
        ledger=shared.ledger,
        reader=shared.reader,
        offer=Offer(account, shared.book),
        matcher=_matcher(shared, account, asker, tracker),
        grace=shared.settings.tracking.lookup_grace,
    )


def _matcher(shared: Shared, account: Account, asker: Asker, tracker: Tracker) -> Matcher | None:
    """None where the family cannot list what it sent, or the account does not ask for optional calls."""
    prober = Prober(account, asker, shared.book)
    if account.family.matching is None or not prober.is_wanted:
        return None
    return Matcher(
        account=account,
        matching=account.family.matching,
        prober=prober,
        asker=asker,
        ledger=shared.ledger,
        reader=shared.reader,
        journal=shared.journal,
        tracker=tracker,
        grace=shared.settings.tracking.lookup_grace,
    )


def _recaller(shared: Shared, account: Account, asker: Asker) -> Recaller | None:
    """None where the family has no history of some numbers: there the look-up alone decides."""
    if account.family.recall is None:
        return None
    return Recaller(
        account=account,
        recall=account.family.recall,
        asker=asker,
        reader=shared.reader,
        journal=shared.journal,
        reference_life=shared.ledger.reference_life,
        hour=HistoryHour(shared.book, account.name, most=account.family.recall.most),
    )


def _exporter(shared: Shared, account: Account, asker: Asker, tracker: Tracker) -> Exporter | None:
    """None where the family has no deferred exports, or there is no folder to keep them in."""
    exports, settings = EXPORTS.get(account.family.name), shared.settings.exports
    if exports is None or settings.folder is None:
        return None
    book = ExportBook(shared.redis, account.name)
    return Exporter(
        account=account,
        exports=exports,
        asker=asker,
        fetcher=Fetcher(account, exports, asker, settings),
        applier=RowApplier(account, exports, tracker, book, shared.book),
        book=book,
        lease=Lease(shared.redis, account.name, shared.worker),
        folder=settings.folder,
        poll_every=settings.poll_every,
        keep_for=shared.settings.retention.finished_for,
    )
