"""The deferred exports of an account: their records, and what is wished for and not taken up yet."""

from dataclasses import dataclass

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exports import ALL, ExportRecord
from producer.contract.messages import AccountName


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsReading:
    """All that is known of an account's exports, by task."""

    records: dict[int, ExportRecord]
    wishes: frozenset[str]

    def of(self, task: str) -> list[ExportRecord]:
        """The record of one task, or of `ALL` in their order."""
        return [record for number, record in sorted(self.records.items()) if task in {ALL, str(number)}]

    def is_open(self, task: str) -> bool:
        """Whether anything about this task (or `ALL`) is still to be done."""
        return task in self.wishes or any(not record.state.is_over for record in self.of(task))


async def read_exports(redis: Client, account: AccountName) -> ExportsReading:
    """Wishes and records at one moment: a wish goes only once a record says what became of it."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hkeys(keys.export_wishes(account))
        pipe.hgetall(keys.exports(account))
        wishes, fields = await pipe.execute()
    return ExportsReading(
        records={int(task): ExportRecord.unpack(data) for task, data in fields.items()},
        wishes=frozenset(wish.decode() for wish in wishes),
    )
