"""The workers: whether each role is played, and which ended without a word."""

from collections.abc import Iterator, Sequence
from typing import Final

from ops.diagnosis.check import Check, Health
from ops.readings import WorkerReading

_ROLES: Final = {
    "send": "nothing is sent",
    "track": "no report is fetched, and no provider can be asked by a command",
}


def worker_checks(workers: Sequence[WorkerReading]) -> Iterator[Check]:
    """What is to be said of the workers that Redis knows."""
    for role, lost in _ROLES.items():
        live = sum(worker.is_live and role in worker.roles for worker in workers)
        if live:
            yield Check(name=f"{role} workers", said=f"{live:,} alive")
        else:
            yield Check(
                name=f"{role} workers",
                health=Health.WRONG,
                said=f"none is alive: {lost}",
                remedy=f"Start one: volley worker {role}.",
            )
    for worker in workers:
        if not worker.is_live:
            yield Check(
                name="workers",
                subject=worker.id,
                health=Health.NOTICE,
                said=f"ended without a word {worker.beat_ago:,.0f} s ago",
                remedy="Look at its log; what it had claimed is uncertain, and is looked up by itself.",
            )
