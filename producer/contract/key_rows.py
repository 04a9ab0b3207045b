"""The catalogue of Redis keys: for each kind who writes and reads it, and when it goes.

It is the documentation and the test at once: after every test, a key in Redis that matches no row, or has no
expiry where its row demands one, fails that test.
"""

import re
from dataclasses import dataclass
from typing import Final


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
