"""Every Redis key of Volley: how it is built, what it holds, who writes and reads it, when it goes.

`CATALOGUE` is the documentation and the test at once: after every test, a key in Redis that matches no
row, or has no expiry where its row demands one, fails that test.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from producer.contract.campaigns import Lane
from producer.contract.exchanges import Kept
from producer.contract.messages import AccountName, CampaignId, Reference

PREFIX: Final = "volley:"
_SHORT: Final = 2  # digits: a number this short has no neighbours to share a hash with

# --- campaigns -------------------------------------------------------------------------------------

CAMPAIGNS: Final = f"{PREFIX}campaigns"


def campaign(campaign_id: CampaignId) -> str:
    """Hash: the campaign as asked for, its state, and the feeder's place in it."""
    return f"{PREFIX}campaign:{campaign_id}"


def counts(campaign_id: CampaignId) -> str:
    """Hash: recipients by state (field: the state's word)."""
    return f"{PREFIX}campaign:{campaign_id}:counts"


def reasons(campaign_id: CampaignId) -> str:
    """Hash: messages that ended (or were deferred) by reason code."""
    return f"{PREFIX}campaign:{campaign_id}:reasons"


def delivery(campaign_id: CampaignId) -> str:
    """Hash: final reports by how long they took, a field a bucket (`counters.CAMPAIGN_DELIVERY`)."""
    return f"{PREFIX}campaign:{campaign_id}:delivery"


def spent(campaign_id: CampaignId) -> str:
    """Hash: what the provider said submissions cost: `cost` (millionths of the account's currency), of `messages`."""
    return f"{PREFIX}campaign:{campaign_id}:spent"


def chunks(campaign_id: CampaignId) -> str:
    """Hash: chunk number -> encoded recipients."""
    return f"{PREFIX}campaign:{campaign_id}:chunks"


def refusals(campaign_id: CampaignId) -> str:
    """List: refused recipients with line and reason, the first thousand."""
    return f"{PREFIX}campaign:{campaign_id}:refusals"


def seen(campaign_id: CampaignId, shard: int) -> str:
    """Set of integers: MSISDNs already in the campaign, one shard of them; made by the first append."""
    return f"{PREFIX}campaign:{campaign_id}:seen:{shard}"


def records(campaign_id: CampaignId, chunk: int) -> str:
    """Hash: place in the chunk -> packed message record."""
    return f"{PREFIX}campaign:{campaign_id}:m:{chunk}"


# --- accounts --------------------------------------------------------------------------------------

ACCOUNTS: Final = f"{PREFIX}accounts"


def account(name: AccountName) -> str:
    """Hash: whether the account may send (state, reason, until), its balance, its last events."""
    return f"{PREFIX}account:{name}"


def totals(name: AccountName) -> str:
    """Hash: requests, outcomes and reports of the account since ever, for metrics."""
    return f"{PREFIX}account:{name}:totals"


def minute(name: AccountName, number: int) -> str:
    """Hash: `outcome code` -> how many submissions ended so in one minute (unix time divided by 60)."""
    return f"{PREFIX}account:{name}:minute:{number}"


def words(name: AccountName) -> str:
    """Hash: reason code -> plain words, as the family's tables give them."""
    return f"{PREFIX}account:{name}:words"


def active(name: AccountName) -> str:
    """Sorted set: campaigns of the account that still have recipients to feed or to close."""
    return f"{PREFIX}account:{name}:active"


def due(name: AccountName) -> str:
    """Sorted set: submissions without a final state, by the time they are to be looked at next."""
    return f"{PREFIX}account:{name}:due"


def uncertain(name: AccountName) -> str:
    """Sorted set: uncertain messages by the time they became so."""
    return f"{PREFIX}account:{name}:uncertain"


def orphans(name: AccountName) -> str:
    """Hash: provider's reference -> a report that came before (or without) our own record."""
    return f"{PREFIX}account:{name}:orphans"


def reader(name: AccountName) -> str:
    """String: the lease of the one process that polls this account."""
    return f"{PREFIX}account:{name}:reader"


def cursors(name: AccountName) -> str:
    """Hash: how far polling has read (history day and page, last drain)."""
    return f"{PREFIX}account:{name}:cursors"


def reference(name: AccountName, ref: Reference) -> str:
    """Hash: reference -> the messages of that submission, `campaign|chunk.place,chunk.place,…`.

    A hundred neighbours share one where the provider counts (a compact hash), else each has its own.
    The ledger's scripts build the same name (`bucket` in their shared head).
    """
    bucket = f"{ref[:-2]}.." if len(ref) > _SHORT and ref.isascii() and ref.isdigit() else ref
    return f"{PREFIX}account:{name}:ref:{bucket}"


def once(name: AccountName, key: str) -> str:
    """String: the message id that a single message was given. `key` is its caller's, any text, so it is hashed."""
    hashed = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest()
    return f"{PREFIX}account:{name}:once:{hashed}"


def journal(name: AccountName) -> str:
    """Stream: raw provider answers, written before they are read."""
    return f"{PREFIX}account:{name}:journal"


def exchanges(name: AccountName, kind: Kept) -> str:
    """Stream: raw exchanges of sends without numbers, texts and secrets; what went well apart from the rest."""
    return f"{PREFIX}account:{name}:exchanges:{kind}"


# --- throttle: keyed by the provider login, because limits belong to it ------------------------------


def throttle(login: str) -> str:
    """Hash: rate state of one provider login (next free time, effective rate, why it changed)."""
    return f"{PREFIX}throttle:{login}"


def limits(login: str) -> str:
    """Hash: what an operator set in place of the configured limits (rate, slots), who and when."""
    return f"{PREFIX}throttle:{login}:limits"


def slots(login: str) -> str:
    """Hash: worker -> its share of the requests at once, what it wants, until when."""
    return f"{PREFIX}throttle:{login}:slots"


def window(login: str, call: str) -> str:
    """Sorted set: the times of one call's requests inside its longest window."""
    return f"{PREFIX}throttle:{login}:window:{call}"


def budget(login: str) -> str:
    """Hash: name of a window -> `count length`: how many requests of a call in how many ms, as it was used last."""
    return f"{PREFIX}throttle:{login}:budget"


def fence(login: str, fingerprint: str) -> str:
    """String: an identical request left less than the fence ago."""
    return f"{PREFIX}throttle:{login}:fence:{fingerprint}"


# --- queues, workers, wire -----------------------------------------------------------------------------


def queue(name: AccountName, lane: Lane) -> str:
    """Sorted set: arq queue of an account's lane; score is when a job may be taken, in ms."""
    return f"{PREFIX}queue:{name}:{lane}"


SUPPRESSED: Final = f"{PREFIX}suppressed"
INCOMING: Final = f"{PREFIX}incoming"
CONTROL_SEND: Final = f"{PREFIX}queue:control-send"
CONTROL_TRACK: Final = f"{PREFIX}queue:control-track"
WORKERS: Final = f"{PREFIX}workers"
INTAKE: Final = f"{PREFIX}intake"
DEAD: Final = f"{PREFIX}dead"


def pushed(name: AccountName) -> str:
    """Stream: callbacks received and not applied yet."""
    return f"{PREFIX}account:{name}:pushed"


def incoming_seen(name: AccountName) -> str:
    """Sorted set: incoming messages that were handed on, by the time they were."""
    return f"{PREFIX}account:{name}:incoming"


def calls(name: AccountName) -> str:
    """Hash: MSISDN -> when its confirmation call was asked for or came."""
    return f"{PREFIX}account:{name}:calls"


def exports(name: AccountName) -> str:
    """Hash: task id -> record of its export, as JSON (`contract.exports.ExportRecord`)."""
    return f"{PREFIX}account:{name}:exports"


def export_wishes(name: AccountName) -> str:
    """Hash: task id, or `*` for every task -> how it is wished for (`contract.exports.Manner`)."""
    return f"{PREFIX}account:{name}:exports:wishes"


def exporter(name: AccountName) -> str:
    """String: the lease of the one process that exports for this account."""
    return f"{PREFIX}account:{name}:exporter"


def series(name: AccountName, span: str) -> str:
    """String: ring of samples of the account's counters and gauges (`contract.series`), one for each span."""
    return f"{PREFIX}account:{name}:series:{span}"


def worker(worker_id: str) -> str:
    """Hash: heartbeat of one worker process."""
    return f"{PREFIX}worker:{worker_id}"


# --- the page ------------------------------------------------------------------------------------------

AUDIT: Final = f"{PREFIX}audit"


def web_session(hashed: str) -> str:
    """Hash: who came in to the page, under a hash of the cookie."""
    return f"{PREFIX}web:session:{hashed}"


ORDERS: Final = f"{PREFIX}orders"
OPEN_ORDERS: Final = f"{PREFIX}orders:open"
DRAFTS: Final = f"{PREFIX}drafts"


def order(order_id: str) -> str:
    """Hash: what an operator wants done with many messages or dead letters, and how far it is (`contract.orders`)."""
    return f"{PREFIX}order:{order_id}"


def draft(draft_id: str) -> str:
    """Hash: what a preview tells of a campaign that is loaded and waits for a person's word (`producer.drafting`)."""
    return f"{PREFIX}draft:{draft_id}"


def web_attempts(hashed: str) -> str:
    """String: login attempts of a name, an address, or both, under a hash of them."""
    return f"{PREFIX}web:attempts:{hashed}"


def web_link(hashed: str) -> str:
    """String: a one-time link that was not used yet, under a hash of its key."""
    return f"{PREFIX}web:link:{hashed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySpec:
    """One row of the catalogue. `expires`: every such key must have a TTL at all times."""

    pattern: str  # `*` stands for one variable part, `**` for several: an id that is not ours to choose
    kind: str
    expires: bool
    writer: str
    readers: str
    gone: str  # when it disappears

    def matches(self, key: str) -> bool:
        """Whether `key` is of this row."""
        pattern = re.escape(self.pattern).replace(r"\*\*", ".+").replace(r"\*", "[^:]+")
        return re.fullmatch(pattern, key, re.DOTALL) is not None


def _row(pattern: str, kind: str, writer: str, readers: str, gone: str, *, expires: bool = False) -> KeySpec:
    return KeySpec(pattern=pattern, kind=kind, expires=expires, writer=writer, readers=readers, gone=gone)


CATALOGUE: Final[tuple[KeySpec, ...]] = (
    _row("volley:campaigns", "zset", "producer.intake", "ops, worker.sweeping", "members with their campaign"),
    _row("volley:campaign:*", "hash", "producer.intake, worker.ledger", "all", "retention after finish"),
    _row("volley:campaign:*:counts", "hash", "producer.intake, worker.ledger", "all", "with the campaign"),
    _row("volley:campaign:*:reasons", "hash", "worker.ledger", "all", "with the campaign"),
    _row("volley:campaign:*:delivery", "hash", "worker.ledger", "ops", "with the campaign; 17 fields at most"),
    _row("volley:campaign:*:spent", "hash", "worker.spending", "ops", "with the campaign"),
    _row("volley:campaign:*:chunks", "hash", "producer.intake, worker.ledger", "all", "with the campaign"),
    _row("volley:campaign:*:refusals", "list", "producer.intake, worker.forgetting", "ops", "with the campaign"),
    _row("volley:campaign:*:seen:*", "set", "producer.intake, worker.ledger", "producer.intake", "with the campaign"),
    _row(
        "volley:campaign:*:m:*",
        "hash",
        "worker.ledger (created: also producer.intake)",
        "all",
        "with the campaign",
    ),
    _row("volley:accounts", "hash", "worker.app", "all", "never: one field an account"),
    _row("volley:account:*", "hash", "worker.ledger, ops.steering", "all", "never: one an account"),
    _row("volley:account:*:totals", "hash", "worker.ledger", "ops", "never: one an account"),
    _row("volley:account:*:minute:*", "hash", "worker.minutes", "ops", "after a quarter of an hour", expires=True),
    _row("volley:account:*:words", "hash", "worker.ledger", "ops", "never: one an account"),
    _row("volley:account:*:active", "zset", "producer.intake, worker.ledger", "worker.feeding", "when empty"),
    _row("volley:account:*:due", "zset", "worker.ledger", "worker.polling", "when empty"),
    _row("volley:account:*:uncertain", "zset", "worker.ledger", "ops, worker.polling", "when empty"),
    _row(
        "volley:account:*:orphans",
        "hash",
        "worker.tracking, worker.forgetting",
        "worker.tracking",
        "when empty; swept after 7 days",
    ),
    _row("volley:account:*:reader", "string", "worker.polling", "worker.polling", "its lease", expires=True),
    _row("volley:account:*:cursors", "hash", "worker.polling", "worker.polling, ops", "never: one an account"),
    _row("volley:account:*:ref:*", "hash", "worker.ledger", "worker.tracking", "reference TTL", expires=True),
    _row("volley:account:*:once:*", "string", "producer.intake", "producer.intake", "24 h", expires=True),
    _row(
        "volley:account:*:journal",
        "stream",
        "worker.ledger, worker.callbacks",
        "ops, worker.polling",
        "trimmed to a length",
    ),
    _row(
        "volley:account:*:exchanges:*",
        "stream",
        "worker.keeping",
        "ops",
        "trimmed to a length; whole when none came for as long as campaigns are kept",
        expires=True,
    ),
    _row("volley:throttle:*", "hash", "worker.throttle", "ops", "1 h unused", expires=True),
    _row("volley:throttle:*:slots", "hash", "worker.throttle", "ops", "1 h unused", expires=True),
    _row("volley:throttle:*:limits", "hash", "ops.steering", "worker.throttle, ops", "when it is taken back"),
    _row("volley:throttle:*:budget", "hash", "worker.throttle", "ops", "a day unused", expires=True),
    _row("volley:throttle:*:window:*", "zset", "worker.throttle", "worker.throttle, ops", "its window", expires=True),
    _row(
        "volley:throttle:*:fence:*",
        "string",
        "worker.throttle, worker.ledger",
        "same",
        "the fence",
        expires=True,
    ),
    _row("volley:queue:control-send", "zset", "arq", "worker.engine", "when empty"),
    _row("volley:queue:control-track", "zset", "arq", "worker.engine", "when empty"),
    _row("volley:queue:control-send:health-check", "string", "arq", "ops", "its interval", expires=True),
    _row("volley:queue:control-track:health-check", "string", "arq", "ops", "its interval", expires=True),
    _row("volley:queue:*:*", "zset", "producer.intake, worker.ledger", "worker.engine", "when empty"),
    _row("volley:queue:*:*:health-check", "string", "worker.engine", "ops", "its interval", expires=True),
    _row("volley:workers", "zset", "worker.engine", "ops", "members a day after their last beat"),
    _row("volley:worker:*", "hash", "worker.engine", "ops", "a minute after the last beat", expires=True),
    _row("volley:suppressed", "hash", "producer.suppression, worker.incoming", "all", "never: one field an MSISDN"),
    _row("volley:incoming", "stream", "worker.incoming", "any service", "trimmed to a length"),
    _row("volley:account:*:pushed", "stream", "worker.callbacks", "worker.applying", "entries when applied"),
    _row("volley:account:*:incoming", "zset", "worker.incoming", "worker.incoming", "members after 8 days"),
    _row("volley:account:*:calls", "hash", "worker.incoming", "worker, ops", "15 min", expires=True),
    _row("volley:account:*:exports", "hash", "worker.exporting", "worker.exporting, ops", "a task: `finished_for`"),
    _row("volley:account:*:exports:wishes", "hash", "worker.exporting", "worker.exporting, ops", "when taken up"),
    _row("volley:account:*:exporter", "string", "worker.exporting", "worker.exporting", "its lease", expires=True),
    _row(
        "volley:account:*:series:*",
        "string",
        "worker.sampling",
        "ops",
        "8 days after the last sample; about 620 kB an account",
        expires=True,
    ),
    _row("volley:audit", "stream", "ops.audit, producer.orders", "ops", "trimmed to a length"),
    _row("volley:orders", "zset", "producer.orders", "ops", "members when 200 newer ones are there"),
    _row("volley:orders:open", "zset", "producer.orders", "worker.ordering", "members when their order ends"),
    _row(
        "volley:order:*",
        "hash",
        "producer.orders, worker.ledger",
        "worker.ordering, ops",
        "7 days after its last piece",
        expires=True,
    ),
    _row("volley:drafts", "zset", "producer.drafting", "producer.drafting", "members with their draft", expires=True),
    _row("volley:draft:*", "hash", "producer.drafting", "ops", "1 h, started or dropped", expires=True),
    _row("volley:web:session:*", "hash", "ops.dashboard", "ops.dashboard", "12 h unused", expires=True),
    _row("volley:web:attempts:*", "string", "ops.dashboard", "ops.dashboard", "15 min", expires=True),
    _row("volley:web:link:*", "string", "ops.dashboard, ops.commands", "ops.dashboard", "1 h, or used", expires=True),
    _row("volley:intake", "stream", "any service", "worker.receiving", "entries when taken"),
    _row(
        "volley:dead",
        "stream",
        "worker.receiving, producer.dead",
        "ops, worker.ordering",
        "trimmed to a length, put back or dropped",
    ),
    _row(
        "arq:job:**",
        "string",
        "producer.intake, worker.ledger, arq",
        "worker.engine",
        "with the job",
        expires=True,
    ),
    _row("arq:in-progress:**", "string", "arq", "arq", "with the job", expires=True),
    _row("arq:retry:**", "string", "arq", "arq", "with the job", expires=True),
    _row("arq:result:**", "string", "arq", "any service", "its interval", expires=True),
    _row("arq:abort", "zset", "arq", "arq", "when empty"),
)


def spec_of(key: str) -> KeySpec | None:
    """The catalogue row of `key`, or None: then it should not be there."""
    fitting = [spec for spec in CATALOGUE if spec.matches(key)]
    return min(fitting, key=lambda spec: spec.pattern.count("*"), default=None)
