"""The book of an account's exports in Redis: a record for each task, and what is wished for."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exports import ExportRecord, Manner
from producer.contract.messages import AccountName


class ExportBook:
    """The writer of one account's export records. Only the holder of the account's export lease writes records."""

    def __init__(self, redis: Client, account: AccountName) -> None:
        self._redis = redis
        self._account = account

    async def records(self) -> dict[int, ExportRecord]:
        """All records, by task."""
        fields = await self._redis.hgetall(keys.exports(self._account))
        return {int(task): ExportRecord.unpack(data) for task, data in fields.items()}

    async def save(self, record: ExportRecord, **changes: Any) -> ExportRecord:  # Any: the fields of a record
        """Write a record with `changes`; the record as it is now."""
        changed = replace(record, **changes, changed_at=int(time.time()))
        await self._redis.hset(keys.exports(self._account), str(record.task), changed.pack())
        return changed

    async def forget(self, tasks: Iterable[int]) -> None:
        """Drop the records of tasks."""
        if fields := [str(task) for task in tasks]:
            await self._redis.hdel(keys.exports(self._account), *fields)

    async def wish(self, tasks: Iterable[str], manner: Manner) -> None:
        """Ask for tasks, by id or `ALL`. What the clock asks for never weakens what a person asked for."""
        name = keys.export_wishes(self._account)
        for task in tasks:
            if manner is Manner.ONCE:
                await self._redis.hsetnx(name, task, manner)
            else:
                await self._redis.hset(name, task, manner)

    async def wishes(self) -> dict[str, Manner]:
        """What is wished for and not yet taken up."""
        fields = await self._redis.hgetall(keys.export_wishes(self._account))
        return {task.decode(): Manner(manner.decode()) for task, manner in fields.items()}

    async def granted(self, wishes: Mapping[str, Manner]) -> None:
        """Forget wishes, once records say what became of them."""
        if wishes:
            await self._redis.hdel(keys.export_wishes(self._account), *wishes)
