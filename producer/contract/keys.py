"""How every Redis key of Volley is built and what it holds. Who writes and reads it, and when it goes: `key_rows`."""

import hashlib
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
    """String: the reference of a request that left, or is about to, less than the fence ago: no identical one may."""
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
