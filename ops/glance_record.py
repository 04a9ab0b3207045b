"""Campaigns and looks at the whole system as plain values, for programs (`--json`)."""

from typing import Any

from ops.glance import Glance
from ops.progress_view import Pace
from ops.readings import AccountReading, CampaignReading, Overview
from producer.contract.states import State

Record = dict[str, Any]  # Any: values of JSON


def campaign_record(reading: CampaignReading, pace: Pace) -> Record:
    """How far one campaign is. `rate` is recipients a second, `eta_seconds` until all are final; None: not known."""
    progress = reading.progress
    return {
        "campaign": reading.id,
        "state": progress.state,
        "total": progress.total,
        "states": {state: progress.states.get(state, 0) for state in State},
        "account": progress.account,
        "refused": progress.refused,
        "duplicates": progress.duplicates,
        "segments": reading.segments,
        "rate": _rounded(pace.rate(reading), 2),
        "eta_seconds": _rounded(pace.eta(reading), 1),
        "reasons": [{"code": why.code, "words": why.words, "count": why.count} for why in reading.reasons],
        "created_at": progress.created_at,
        "finished_at": progress.finished_at,
    }


def glance_record(glance: Glance, *, machines: bool = False) -> Record:
    """One look: the verdict, the accounts, the newest campaigns; with `machines` queues, workers and Redis, too."""
    said, overview = glance.verdict, glance.overview
    campaigns = overview.campaigns.campaigns if overview else ()
    found: Record = {
        "at": glance.at,
        "verdict": {"level": said.level, "doing": said.doing, "wrong": said.wrong, "remedy": said.remedy},
        "accounts": [_account(glance, account) for account in glance.busiest()],
        "campaigns": [_campaign(glance, reading) for reading in campaigns],
    }
    return found | (_machines(overview) if machines and overview else {})


def _campaign(glance: Glance, reading: CampaignReading) -> Record:
    """With when all will be sent, in seconds, and what that is reckoned from; None where nobody can tell."""
    found = glance.ahead(reading)
    return {
        **campaign_record(reading, glance.pace),
        "waits_for": glance.waits_for(reading),
        "sent_in_seconds": None if found is None else round(found.seconds, 1),
        "sent_in_by": "" if found is None else found.by,
        "too_late": 0 if found is None else found.too_late,
        "balance_ends_in_seconds": None if found is None else _rounded(found.balance_ends_in, 1),
    }


def _account(glance: Glance, account: AccountReading) -> Record:
    throttle = account.throttle
    return {
        "account": account.name,
        "family": account.entry.family,
        "state": account.state,
        "waits_for": glance.why(account),
        "messages_per_second": _rounded(glance.speed(account), 2),
        "rate": round(throttle.effective, 3),
        "rate_ceiling": throttle.ceiling,
        "slots_held": throttle.slots_held,
        "slots_limit": throttle.slots_limit,
        "slowed_by": throttle.why,
        "uncertain": account.uncertain,
        "balance": account.balance,
        "currency": account.currency,
        "report_at": account.report_at,
    }


def _machines(overview: Overview) -> Record:
    server = overview.server
    return {
        "queues": [
            {"queue": queue.name, "jobs": queue.size, "ready": queue.ready, "oldest_seconds": round(queue.oldest, 1)}
            for queue in overview.queues
        ],
        "workers": [
            {
                "worker": worker.id,
                "roles": sorted(worker.roles),
                "live": worker.is_live,
                "beat_ago_seconds": round(worker.beat_ago, 1),
                "on_wire": dict(worker.on_wire),
                "waiting": dict(worker.waiting),
            }
            for worker in overview.workers
        ],
        "redis": {"version": server.version, "memory": server.memory, "memory_limit": server.memory_limit},
    }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
