"""Accounts as they are shown. Pure functions."""

from ops.dashboard.views.kinds import View
from ops.readings import AccountReading, Overview, Rates, blocked_why, messages_submitted


def account_view(account: AccountReading, overview: Overview, rates: Rates) -> View:
    """One account: state, throttle, balance, totals."""
    throttle, speed = account.throttle, rates.per_second(messages_submitted(account)[0])
    waiting = sorted({w.waiting[account.name] for w in overview.workers if w.is_live and account.name in w.waiting})
    return {
        "name": account.name,
        "family": account.entry.family,
        "host": account.entry.host,
        "state": account.state,
        "is_open": account.is_open,
        "why": "" if account.is_open else blocked_why(account),
        "words": account.words,
        "code": account.code,
        "since": account.since,
        "until": account.until,
        "messages_per_minute": None if speed is None else speed * 60,
        "rate": throttle.effective,
        "rate_ceiling": throttle.ceiling,
        "slowed_why": throttle.why_words or throttle.why,
        "slowed_at": throttle.slowed_at,
        "slots_held": throttle.slots_held,
        "slots_limit": throttle.slots_limit,
        "on_wire": overview.on_wire(account.name),
        "waits_for": waiting,
        "next_in": throttle.next_in,
        "balance": account.balance,
        "currency": account.currency,
        "balance_at": account.balance_at,
        "report_at": account.report_at,
        "totals": dict(account.totals),
        "uncertain": account.uncertain,
    }
