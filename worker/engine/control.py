"""A stock arq worker loop for a control queue: short jobs and cron, with a stop that waits for them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, cast

import structlog
from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.worker import Function, Worker
from redis.exceptions import RedisError

from producer.contract.client import Client
from worker.stopping import end

_POLL = 0.05
_JOB_TIMEOUT = 60
_AFTER_ERROR = 1.0

log = structlog.get_logger(__name__)

logging.getLogger("arq.worker").setLevel(logging.WARNING)


class ControlWorker(Worker):
    """arq's own worker, but signals and pool belong to the process, and Redis, when away or full, is waited for."""

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

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start each job. arq takes a place for it first, and would keep the place when Redis fails in between."""
        for job_id in job_ids:
            try:
                await super().start_jobs([job_id])
            except (RedisError, OSError):
                self._release_sem_dec_counter_on_complete()
                raise

    async def _poll_iteration(self) -> None:
        """One look at the queue. arq would end with the first error, and the process with it."""
        try:
            await super()._poll_iteration()
        except (RedisError, OSError) as error:
            log.warning("control_waits_for_redis", queue=self.queue_name, error=type(error).__name__)
            await asyncio.sleep(_AFTER_ERROR)

    async def stop(self, within: float) -> None:
        """Pick no more jobs, let the running ones end for `within` seconds, then cancel the rest."""
        self.allow_pick_jobs = False
        running = [task for task in self.tasks.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=within)
        await end([*self.tasks.values(), *([self.main_task] if self.main_task is not None else [])])
