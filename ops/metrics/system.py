"""Rows of the table: the system as a whole, and its queues."""

from typing import Final

from ops.metrics.metric import arq, controls, gauge, lanes, one
from producer.contract.campaigns import CampaignState
from producer.contract.states import State

_ROLES: Final = ("send", "track")
_LANE: Final = ("account", "lane")
_QUEUE: Final = ("queue",)
_LAST: Final = "since the start of the worker that said it last."

SYSTEM: Final = (
    gauge("volley_redis_up", (), "Whether Redis answered this scrape; alone when it did not.", one(lambda _: 1)),
    gauge(
        "volley_messages",
        ("state",),
        "Messages of the campaigns that are not over, by state.",
        lambda o: [((state,), float(o.active.states.get(state, 0))) for state in State],
    ),
    gauge(
        "volley_campaigns",
        ("state",),
        "Campaigns that are not over, by state.",
        lambda o: [
            ((s,), float(o.active.campaigns.get(s, 0))) for s in CampaignState if s is not CampaignState.LOADING
        ],
    ),
    gauge(
        "volley_workers",
        ("role",),
        "Live worker processes.",
        lambda o: [((role,), float(o.live(role))) for role in _ROLES],
    ),
    gauge(
        "volley_intake_entries",
        (),
        "Entries of other services that no worker has finished with.",
        one(lambda o: o.backlogs.intake),
    ),
    gauge(
        "volley_dead_letters",
        (),
        "Refused entries of other services that are kept for a person.",
        one(lambda o: o.backlogs.dead),
    ),
    gauge(
        "volley_orders_open",
        (),
        "Orders of operators about many messages or dead letters that are not carried out yet.",
        one(lambda o: o.backlogs.orders),
    ),
    gauge(
        "volley_suppressed_numbers",
        (),
        "Numbers that are never written to.",
        one(lambda o: o.backlogs.suppressed),
    ),
    gauge(
        "volley_audit_entries",
        (),
        "Actions of operators that are kept, at most about 10,000.",
        one(lambda o: o.backlogs.audited),
    ),
    gauge(
        "volley_audit_last_timestamp_seconds",
        (),
        "When an operator last acted.",
        lambda o: [((), o.backlogs.audited_at.timestamp())] if o.backlogs.audited_at else [],
    ),
    gauge("volley_redis_memory_bytes", (), "Memory that Redis uses.", one(lambda o: o.server.memory)),
    gauge(
        "volley_redis_memory_limit_bytes",
        (),
        "Memory that Redis may use; 0 when no limit is set.",
        one(lambda o: o.server.memory_limit),
    ),
    gauge("volley_redis_clients", (), "Connections to Redis.", one(lambda o: o.server.clients)),
    gauge(
        "volley_redis_persistent",
        (),
        "Whether Redis writes to disk and can (1 also when it does not say).",
        one(lambda o: o.server.persists is not False and not o.server.writes_fail),
    ),
    gauge(
        "volley_redis_may_evict",
        (),
        "Whether Redis would throw keys away when its memory is full.",
        one(lambda o: o.server.may_evict),
    ),
)

QUEUES: Final = (
    gauge("volley_queue_jobs", _LANE, "Jobs in the lane's arq queue, taken ones too.", lanes(lambda q: q.size)),
    gauge("volley_queue_ready_jobs", _LANE, "Jobs that may be taken now.", lanes(lambda q: q.ready)),
    gauge("volley_queue_oldest_seconds", _LANE, "Waiting time of the first ready job.", lanes(lambda q: q.oldest)),
    gauge(
        "volley_control_jobs",
        ("role",),
        "Jobs in the queue of feeding (send), and of decisions, calls and sweeps (track).",
        controls(lambda q: q.size),
    ),
    gauge(
        "volley_control_oldest_seconds", ("role",), "Waiting time of the first of them.", controls(lambda q: q.oldest)
    ),
    gauge("volley_arq_jobs_complete", _QUEUE, f"Jobs that ended well, {_LAST}", arq("complete")),
    gauge("volley_arq_jobs_failed", _QUEUE, f"Jobs that failed, {_LAST}", arq("failed")),
    gauge("volley_arq_jobs_retried", _QUEUE, f"Jobs that were put back, {_LAST}", arq("retried")),
    gauge("volley_arq_jobs_ongoing", _QUEUE, "Jobs at work in the worker that said it last.", arq("ongoing")),
)
