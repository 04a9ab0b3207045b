"""The arq queues of one account: take many jobs in one step, give them back, drop them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from arq.constants import health_check_key_suffix, job_key_prefix
from msgspec import Struct

from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.messages import AccountName, MessageId
from producer.contract.scripts import Script
from producer.contract.states import Event

_TAKE: Final = Script("worker.engine", "take")

_TAKE_LEASE: Final = 10_000
"""Milliseconds between taking a job and claiming its message; then the job is visible again."""

_HEALTH_LIFE: Final = 61
"""Seconds an arq health line lives when it is not renewed (arq: the check interval and one)."""


class Taken(Struct, frozen=True, kw_only=True, gc=False):
    """A message whose job this process took."""

    message: MessageId
    lane: Lane


class AccountQueues:
    """`urgent` before `bulk`, in arq's own format. Counts what arq counts, for its health line."""

    def __init__(self, redis: Client, account: AccountName) -> None:
        self._redis = redis
        self._lanes = (Lane.URGENT, Lane.BULK)
        self._names = [keys.queue(account, lane) for lane in self._lanes]
        self.complete = dict.fromkeys(self._lanes, 0)
        self.failed = dict.fromkeys(self._lanes, 0)
        self.retried = dict.fromkeys(self._lanes, 0)

    def count(self, lane: Lane, event: Event) -> None:
        """Count the end of a job as arq would: done, or to be run again."""
        if event in {Event.DEFER, Event.RELEASE}:
            self.retried[lane] += 1
        else:
            self.complete[lane] += 1

    async def take(self, most: int, *, urgent: int = 0) -> list[Taken]:
        """Take up to `most` messages, urgent ones first, and of those up to `urgent` when that is more; jobs of
        another kind are moved to the control queue on the way.
        """
        wanted = (max(most, urgent), most)
        answer = await _TAKE.run(self._redis, self._names, [_TAKE_LEASE, keys.CONTROL_SEND, *wanted])
        return [
            Taken(message=MessageId.parse(name.decode()), lane=lane)
            for lane, names in zip(self._lanes, answer, strict=True)
            for name in names
        ]

    async def give_back(self, jobs: Sequence[Taken]) -> None:
        """Make taken jobs visible again at once, where they were."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for job in jobs:
                pipe.zadd(self._names[self._lanes.index(job.lane)], {str(job.message): 0}, xx=True)
            await pipe.execute()

    async def drop(self, jobs: Sequence[Taken]) -> None:
        """End jobs whose message does not exist."""
        async with self._redis.pipeline(transaction=True) as pipe:
            for job in jobs:
                pipe.zrem(self._names[self._lanes.index(job.lane)], str(job.message))
                pipe.delete(job_key_prefix + str(job.message))
            await pipe.execute()

    async def record_health(self, ongoing: int) -> None:
        """Write arq's health line for both lanes."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in self._names:
                pipe.zcard(name)
            sizes = await pipe.execute()
            for lane, name, queued in zip(self._lanes, self._names, sizes, strict=True):
                line = (
                    f"{datetime.now():%b-%d %H:%M:%S} j_complete={self.complete[lane]} "  # noqa: DTZ005 - arq's format is local time
                    f"j_failed={self.failed[lane]} j_retried={self.retried[lane]} "
                    f"j_ongoing={ongoing} queued={queued}"
                )
                pipe.set(name + health_check_key_suffix, line, ex=_HEALTH_LIFE)
            await pipe.execute()
