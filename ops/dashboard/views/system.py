"""The verdict, queues, workers and Redis as they are shown. Pure functions."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from ops.dashboard.views.kinds import View
from ops.readings import Backlogs, QueueReading, ServerReading, Verdict, WorkerReading
from ops.readings.server import concerns

_QUEUES: Final = ("Queues and workers", "/queues")
_WAYS: Final[Mapping[str, tuple[str, str]]] = {
    "uncertain": ("Uncertain messages", "/uncertain"),
    "no-send-worker": _QUEUES,
    "no-track-worker": _QUEUES,
    "not-fed": _QUEUES,
    "redis-memory": _QUEUES,
    "redis-may-evict": _QUEUES,
    "redis-not-persistent": _QUEUES,
    "redis-cannot-write": _QUEUES,
    "redis-only-snapshots": _QUEUES,
    "dead-letters": ("Dead letters", "/dead"),
}
"""Where the menu has the path: a way that is not there is not shown."""


def verdict_view(verdict: Verdict) -> View:
    """The verdict in its parts."""
    return {
        "level": verdict.level,
        "doing": verdict.doing,
        "wrong": verdict.wrong,
        "remedy": verdict.remedy,
        "name": verdict.name,
        "way": _way(verdict),
    }


def _way(verdict: Verdict) -> View:
    """The page on which something can be done about it; its path is empty where there is none."""
    if verdict.account:
        return {"title": f"Account {verdict.account}", "path": f"/accounts#account-{quote(verdict.account)}"}
    title, path = _WAYS.get(verdict.name, ("", ""))
    return {"title": title, "path": path}


def server_view(server: ServerReading) -> View:
    """Redis itself."""
    return {
        "version": server.version,
        "memory": server.memory,
        "memory_limit": server.memory_limit,
        "policy": server.policy,
        "clients": server.clients,
        "persists": server.persists,
        "writes_fail": server.writes_fail,
        "product": server.product,
        "fsync": server.fsync if server.appends else "",
        "evicted": server.evicted,
        "concerns": [
            {"name": each.name, "wrong": each.wrong, "remedy": each.remedy, "is_grave": each.is_grave}
            for each in concerns(server)
        ],
    }


def queue_view(queue: QueueReading) -> View:
    """One arq queue."""
    health = queue.health
    return {
        "name": queue.name,
        "account": queue.account,
        "lane": queue.lane,
        "ready": queue.ready,
        "taken": queue.size - queue.ready,
        "oldest": queue.oldest,
        "complete": health.complete if health else None,
        "failed": health.failed if health else None,
        "retried": health.retried if health else None,
        "ongoing": health.ongoing if health else None,
    }


def worker_view(worker: WorkerReading) -> View:
    """One worker process."""
    return {
        "id": worker.id,
        "roles": sorted(worker.roles),
        "host": worker.host,
        "pid": worker.pid,
        "started_at": worker.started_at,
        "beat_ago": worker.beat_ago,
        "is_live": worker.is_live,
        "on_wire": dict(worker.on_wire),
        "waiting": dict(worker.waiting),
    }


def backlogs_view(backlogs: Backlogs) -> View:
    """What is still to be worked off besides the queues."""
    return {
        "intake": backlogs.intake,
        "dead": backlogs.dead,
        "orders": backlogs.orders,
        "suppressed": backlogs.suppressed,
        "accounts": [
            {
                "name": name,
                "awaiting": each.awaiting,
                "overdue": each.overdue,
                "pushes": each.pushes,
                "pushes_age": each.pushes_age,
                "orphans": each.orphans,
            }
            for name, each in sorted(backlogs.accounts.items())
        ],
    }
