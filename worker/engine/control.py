"""A stock arq worker loop for a control queue: short jobs and cron, with a stop that waits for them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, cast

from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.worker import Function, Worker

from producer.contract.client import Client
from worker.stopping import end

_POLL = 0.05
_JOB_TIMEOUT = 60

logging.getLogger("arq.worker").setLevel(logging.WARNING)


class ControlWorker(Worker):
    """arq's own worker, unchanged but for its owner: signals and the pool belong to the process."""

    def __init__(
        self,
        queue_name: str,
        pool: Client,
        functions: Sequence[Function | WorkerCoroutine],
        *,
        cron_jobs: Sequence[CronJob] = (),
        context: dict[str, Any] | None = None,  # Any: arq's own type for a context
    ) -> None:
        super().__init__(
            functions,
            queue_name=queue_name,
            redis_pool=cast("ArqRedis", pool),
            cron_jobs=cron_jobs,
            ctx=context,
            handle_signals=False,
            keep_result=0,
            poll_delay=_POLL,
            job_timeout=_JOB_TIMEOUT,
            health_check_interval=5,
            max_jobs=50,
            log_results=False,
        )

    async def stop(self, within: float) -> None:
        """Pick no more jobs, let the running ones end for `within` seconds, then cancel the rest."""
        self.allow_pick_jobs = False
        running = [task for task in self.tasks.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=within)
        await end([*self.tasks.values(), *([self.main_task] if self.main_task is not None else [])])
