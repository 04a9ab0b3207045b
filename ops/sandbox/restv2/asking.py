"""Deciding about the restv2 family's other calls of version 2: the drain, balance, keys."""

from ops.sandbox.gateway import Gateway, Visit
from ops.sandbox.restv2.answers import Answer, Balance, Changes, Key


def decide_drain(gateway: Gateway, visit: Visit) -> Answer:
    """Answer `status/get` (B7): what it tells, it never tells again."""
    now, most, ledger = gateway.clock.monotonic(), gateway.config.drain_batch, visit.account.ledger
    changed = visit.account.reports.drain(now, gateway.timing, most)
    kept = ((message, letter) for message, letter in changed if not ledger.is_removed(message))
    return Changes(rows=tuple((message.provider_id, letter) for message, letter in kept))


def decide_balance(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `balance/get` (B6), and `me/balance` of version 3."""
    return Balance(balance=visit.account.balance)


def decide_key(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `key/get` (B3)."""
    return Key(key=visit.account.key)


def decide_key_reset(_gateway: Gateway, visit: Visit) -> Answer:
    """Answer `key/reset` (B3): the old key is worth nothing from here on."""
    visit.account.renew_key()
    return Key(key=visit.account.key)
