"""Rows of the table: what accounts send, whether they may, and what is reported to them."""

from typing import Final

from ops.metrics.metric import ACCOUNT, Samples, backlog, counter, durations, each, gauge, total, totals
from ops.readings import AccountState, Overview
from producer.contract.counters import DELIVERY, OUTCOMES, REPORTED, SUBMISSION, reported
from producer.contract.exports import ExportState

_BLOCKS: Final = tuple(state for state in AccountState if state is not AccountState.OPEN)


def _blocked(overview: Overview) -> Samples:
    for account in overview.accounts:
        for reason in _BLOCKS:
            yield (account.name, reason), float(account.state == reason)


def _exports(overview: Overview) -> Samples:
    for account in overview.accounts:
        for state in ExportState:
            yield (account.name, state), float(overview.backlogs.of(account.entry.name).exports.get(state, 0))


def _runways(overview: Overview) -> Samples:
    return [((name,), seconds) for name, seconds in overview.runways.items()]


SENDING: Final = (
    counter("volley_requests_total", ACCOUNT, "Submission requests that had an outcome.", total("requests")),
    counter(
        "volley_outcomes_total",
        ("account", "outcome"),
        "Messages by what their submission gave.",
        totals({outcome: outcome for outcome in OUTCOMES}),
    ),
    counter("volley_congested_total", ACCOUNT, "Requests that were told to slow down.", total("congested")),
    counter(
        "volley_permits_lost_total",
        ACCOUNT,
        "Permits of the throttle that came too late for their turn, leased anew: a worker's machine is busy.",
        total("permits_lost"),
    ),
    counter(
        "volley_stale_outcomes_total",
        ACCOUNT,
        "Outcomes that came when another attempt held their message: a claim ran out while its request lived.",
        total("stale"),
    ),
    durations(
        "volley_request_seconds",
        "Time from the first byte of a submission request to its answer.",
        SUBMISSION,
        "request_ms",
        units=1000,
    ),
    gauge(
        "volley_throttle_requests_per_second",
        ACCOUNT,
        "Requests a second that the throttle lets through now.",
        each(lambda a: a.throttle.effective),
    ),
    gauge(
        "volley_throttle_limit_requests_per_second",
        ACCOUNT,
        "Requests a second that the account is configured for, or an operator has set.",
        each(lambda a: a.throttle.ceiling),
    ),
    gauge(
        "volley_throttle_rate_ratio",
        ACCOUNT,
        "Share of that rate which the throttle lets through now.",
        each(lambda a: a.throttle.effective / a.throttle.ceiling if a.throttle.ceiling else None),
    ),
    gauge(
        "volley_slots_held",
        ACCOUNT,
        "Slots that workers hold of the requests at once.",
        each(lambda a: a.throttle.slots_held),
    ),
    gauge(
        "volley_slots_limit",
        ACCOUNT,
        "Requests at once that the account is configured for, or an operator has set.",
        each(lambda a: a.throttle.slots_limit),
    ),
    gauge(
        "volley_requests_on_wire",
        ACCOUNT,
        "Submission requests on the wire now, by the heartbeats.",
        lambda o: [((a.name,), float(o.on_wire(a.name))) for a in o.accounts],
    ),
)

ACCOUNTS: Final = (
    gauge("volley_account_open", ACCOUNT, "Whether the account may send.", each(lambda a: a.is_open)),
    gauge("volley_account_blocked", ("account", "reason"), "Whether it may not, for this reason.", _blocked),
    gauge(
        "volley_account_balance",
        ACCOUNT,
        "Balance as last seen, in the account's own currency.",
        each(lambda a: a.balance),
    ),
    gauge(
        "volley_account_balance_timestamp_seconds",
        ACCOUNT,
        "When the balance was last seen.",
        each(lambda a: a.balance_at.timestamp() if a.balance_at else None),
    ),
    gauge(
        "volley_account_balance_lasts_seconds",
        ACCOUNT,
        "How long the balance lasts at the speed it fell in the last hour; absent where it did not fall.",
        _runways,
    ),
    gauge("volley_uncertain_messages", ACCOUNT, "Messages that are perhaps sent.", each(lambda a: a.uncertain)),
)

TRACKING: Final = (
    counter(
        "volley_reports_total",
        ("account", "state"),
        "Messages that a report moved, by the state it moved them to.",
        totals({state: reported(state) for state in REPORTED}),
    ),
    durations(
        "volley_delivery_seconds",
        "Time from the claim of a message to the report that ended it; at most 100 a second are measured.",
        DELIVERY,
        "delivery_s",
        units=1,
    ),
    gauge(
        "volley_last_report_timestamp_seconds",
        ACCOUNT,
        "When the last report was received.",
        each(lambda a: a.report_at.timestamp() if a.report_at else None),
    ),
    gauge(
        "volley_submissions_awaiting_report",
        ACCOUNT,
        "Submissions to be looked at: their report is to come, or came and was not noticed by the poller yet.",
        backlog(lambda b: b.awaiting),
    ),
    gauge(
        "volley_report_lag_seconds",
        ACCOUNT,
        "How long ago the first of them should have been asked about; 0 when none is due.",
        backlog(lambda b: b.overdue),
    ),
    gauge(
        "volley_report_orphans",
        ACCOUNT,
        "Reports that are kept although their submission is not known.",
        backlog(lambda b: b.orphans),
    ),
    counter("volley_callbacks_total", ACCOUNT, "Callbacks that were signed and kept.", total("callbacks")),
    counter(
        "volley_callbacks_forged_total",
        ACCOUNT,
        "Callbacks with a missing or wrong signature; none of them is kept.",
        total("callbacks_forged"),
    ),
    counter(
        "volley_callbacks_unreadable_total",
        ACCOUNT,
        "Callbacks that were kept and not understood.",
        total("callbacks_unreadable"),
    ),
    gauge(
        "volley_callbacks_waiting",
        ACCOUNT,
        "Callbacks that were kept and not applied yet.",
        backlog(lambda b: b.pushes),
    ),
    gauge(
        "volley_callbacks_oldest_seconds",
        ACCOUNT,
        "How long the oldest of them has been waiting.",
        backlog(lambda b: b.pushes_age),
    ),
    counter("volley_incoming_messages_total", ACCOUNT, "Incoming messages that were handed on.", total("incoming")),
    gauge(
        "volley_exports",
        ("account", "state"),
        "Deferred exports by state, where an account has at most 1000.",
        _exports,
    ),
)
