"""The verdict, queues, workers and Redis as they are shown. Pure functions."""

from ops.dashboard.views.kinds import View
from ops.readings import QueueReading, ServerReading, Verdict, WorkerReading


def verdict_view(verdict: Verdict) -> View:
    """The verdict in its parts."""
    return {
        "level": verdict.level,
        "doing": verdict.doing,
        "wrong": verdict.wrong,
        "remedy": verdict.remedy,
    }


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
    }


def queue_view(queue: QueueReading) -> View:
    """One arq queue."""
    health = queue.health
    return {
        "name": queue.name,
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
