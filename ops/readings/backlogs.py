"""What still has to be worked off: reports to come, callbacks to apply, exports, dead letters; and what is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ops.readings.fields import Fields, clock
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exports import ExportRecord, ExportState
from producer.contract.messages import AccountName

_MOST_EXPORTS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Of one account. `awaiting` are submissions that a report is still to come for, `overdue` the seconds since
    the first of them should have been asked about; `pushes` are callbacks that were kept and not applied yet, the
    oldest for `pushes_age` seconds; `orphans` are reports on the shelf, whose submission is not known.
    """

    awaiting: int = 0
    overdue: float = 0.0
    pushes: int = 0
    pushes_age: float = 0.0
    orphans: int = 0
    exports: Mapping[ExportState, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlogs:
    """Of all accounts, and of Volley as a whole. `intake` are entries that no worker has taken, or not finished.

    `orders` are orders of operators about many messages or dead letters that are open.
    """

    accounts: Mapping[AccountName, Backlog] = field(default_factory=dict)
    intake: int = 0
    dead: int = 0
    orders: int = 0
    suppressed: int = 0
    audited: int = 0
    audited_at: datetime | None = None

    def of(self, name: AccountName) -> Backlog:
        """One account's; an empty one when there is none."""
        return self.accounts.get(name, Backlog())


async def read_backlogs(redis: Client, accounts: Iterable[AccountName]) -> Backlogs:
    """All of it in two round trips; nothing in it grows with the messages.

    Exports are counted by their state where an account has at most 1000: their records are kept for ever.
    """
    names = list(accounts)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.xlen(keys.INTAKE)
        pipe.xlen(keys.DEAD)
        pipe.zcard(keys.OPEN_ORDERS)
        pipe.hlen(keys.SUPPRESSED)
        pipe.xlen(keys.AUDIT)
        pipe.xrevrange(keys.AUDIT, count=1)
        for name in names:
            pipe.zcard(keys.due(name))
            pipe.zrange(keys.due(name), 0, 0, withscores=True)
            pipe.xlen(keys.pushed(name))
            pipe.xrange(keys.pushed(name), count=1)
            pipe.hlen(keys.orphans(name))
            pipe.hlen(keys.exports(name))
        time, intake, dead, orders, suppressed, audited, last_act, *answers = await pipe.execute()
    now = clock(time)
    found = {name: answers[place * 6 : place * 6 + 6] for place, name in enumerate(names)}
    exports = await _exports(redis, [name for name, each in found.items() if 0 < each[-1] <= _MOST_EXPORTS])
    return Backlogs(
        accounts={name: _backlog(now, each, exports.get(name, {})) for name, each in found.items()},
        intake=intake,
        dead=dead,
        orders=orders,
        suppressed=suppressed,
        audited=audited,
        audited_at=_written_at(last_act[0]) if last_act else None,
    )


async def _exports(redis: Client, names: Sequence[AccountName]) -> dict[AccountName, Mapping[ExportState, int]]:
    if not names:
        return {}
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(keys.exports(name))
        answers = await pipe.execute()
    return {
        name: Counter(ExportRecord.unpack(data).state for data in fields.values())
        for name, fields in zip(names, answers, strict=True)
    }


def _backlog(now: datetime, answers: Sequence[Any], exports: Mapping[ExportState, int]) -> Backlog:  # Any: Redis' own
    awaiting, first, pushes, oldest, orphans, _ = answers
    return Backlog(
        awaiting=awaiting,
        overdue=max(0.0, now.timestamp() - first[0][1]) if first else 0.0,
        pushes=pushes,
        pushes_age=max(0.0, (now - _written_at(oldest[0])).total_seconds()) if oldest else 0.0,
        orphans=orphans,
        exports=exports,
    )


def _written_at(entry: tuple[bytes, Fields]) -> datetime:
    """When a stream's entry was written: its id begins with the time in ms."""
    return clock((0, int(entry[0].partition(b"-")[0]) * 1000))
