"""Accounts as they are shown. Pure functions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ops.dashboard.views.costs import unit_of
from ops.dashboard.views.kinds import View
from ops.readings import (
    AccountReading,
    Budget,
    Overview,
    Point,
    QueueReading,
    Rates,
    Recent,
    Throttle,
    blocked_why,
    messages_submitted,
)
from ops.readings.verdict import BLOCKS
from producer.contract.counters import SUBMISSION, reported
from producer.contract.states import State

_ENDINGS: Final = 5
"""Codes that are shown; the others are a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What the accounts' page says beyond the overview. `last` is the last minutes as one point of the series."""

    recent: Recent
    budgets: tuple[Budget, ...] = ()
    last: Point | None = None


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
        "currency": unit_of(account),
        "balance_at": account.balance_at,
        "report_at": account.report_at,
        "totals": dict(account.totals),
        "uncertain": account.uncertain,
    }


def account_page_view(account: AccountReading, overview: Overview, rates: Rates, facts: AccountFacts) -> View:
    """One account with everything that is known of it."""
    recent, last = facts.recent, facts.last
    return {
        **account_view(account, overview, rates),
        "remedy": "" if account.is_open else BLOCKS.get(account.state, ("", ""))[1],
        "paused_by": account.paused_by,
        "configured_rate": account.entry.rate,
        "configured_slots": account.entry.in_flight,
        "set_rate": account.throttle.set_rate,
        "set_slots": account.throttle.set_slots,
        "change": _change(account.throttle),
        "batch": account.entry.batch,
        "accepted": recent.accepted,
        "ended": recent.total,
        "endings": [
            {"outcome": each.outcome, "code": each.code, "words": each.words, "count": each.count}
            for each in recent.endings[:_ENDINGS]
        ],
        "other_endings": sum(each.count for each in recent.endings[_ENDINGS:]),
        "requests_per_second": None if last is None else last.speed("requests"),
        "p50": None if last is None else last.quantile(SUBMISSION, 0.5),
        "p95": None if last is None else last.quantile(SUBMISSION, 0.95),
        "reports": _reports(last),
        "runway": overview.runways.get(account.entry.name),
        "awaiting": overview.backlogs.of(account.entry.name).awaiting,
        "overdue": overview.backlogs.of(account.entry.name).overdue,
        "budgets": [
            {"call": each.call, "used": each.used, "most": each.most, "seconds": each.seconds}
            for each in facts.budgets
        ],
        "lanes": [_lane(queue) for queue in overview.queues if queue.account == account.name],
    }


def _change(throttle: Throttle) -> View:
    """Why the rate changed last: by an operator, or because of the provider. Empty when nobody changed it."""
    changes: list[tuple[datetime, str]] = []
    if throttle.set_at is not None:
        changes.append((throttle.set_at, f"set by {throttle.set_by or 'an operator'}"))
    if throttle.slowed_at is not None:
        changes.append((throttle.slowed_at, f"slowed: {throttle.why_words or throttle.why}"))
    if not changes:
        return {"at": None, "why": ""}
    at, why = max(changes)
    return {"at": at, "why": why}


def _reports(last: Point | None) -> View:
    """Final reports of the last minutes: delivered, and all."""
    grown = last.grown if last else {}
    finals = {state: grown.get(reported(state), 0) for state in (State.DELIVERED, State.UNDELIVERED, State.EXPIRED)}
    return {"delivered": finals[State.DELIVERED], "total": sum(finals.values())}


def _lane(queue: QueueReading) -> View:
    return {"lane": queue.lane, "ready": queue.ready, "oldest": queue.oldest if queue.ready else None}
