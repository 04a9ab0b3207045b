"""What still has to be worked off: reports to come, callbacks to apply, exports, dead letters; and what is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ops.readings.fields import Fields, clock
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exports import ExportRecord, ExportState
from producer.contract.messages import AccountName


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
    """Of all accounts, and of Volley as a whole. `intake` are entries that no worker has taken, or not finished."""

    accounts: Mapping[AccountName, Backlog] = field(default_factory=dict)
    intake: int = 0
    dead: int = 0
    suppressed: int = 0
    audited: int = 0
    audited_at: datetime | None = None

    def of(self, name: AccountName) -> Backlog:
        """One account's; an empty one when there is none."""
        return self.accounts.get(name, Backlog())


async def read_backlogs(redis: Client, accounts: Iterable[AccountName]) -> Backlogs:
    """All of it in one round trip; nothing in it grows with the messages."""
    names = list(accounts)
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.xlen(keys.INTAKE)
        pipe.xlen(keys.DEAD)
        pipe.hlen(keys.SUPPRESSED)
        pipe.xlen(keys.AUDIT)
        pipe.xrevrange(keys.AUDIT, count=1)
        for name in names:
            pipe.zcard(keys.due(name))
            pipe.zrange(keys.due(name), 0, 0, withscores=True)
            pipe.xlen(keys.pushed(name))
            pipe.xrange(keys.pushed(name), count=1)
            pipe.hlen(keys.orphans(name))
            pipe.hgetall(keys.exports(name))
        time, intake, dead, suppressed, audited, last_act, *answers = await pipe.execute()
    now = clock(time)
    return Backlogs(
        accounts={name: _backlog(now, answers[place * 6 : place * 6 + 6]) for place, name in enumerate(names)},
        intake=intake,
        dead=dead,
        suppressed=suppressed,
        audited=audited,
        audited_at=_written_at(last_act[0]) if last_act else None,
    )


def _backlog(now: datetime, answers: Sequence[Any]) -> Backlog:  # Any: as Redis answers
    awaiting, first, pushes, oldest, orphans, exports = answers
    return Backlog(
        awaiting=awaiting,
        overdue=max(0.0, now.timestamp() - first[0][1]) if first else 0.0,
        pushes=pushes,
        pushes_age=max(0.0, (now - _written_at(oldest[0])).total_seconds()) if oldest else 0.0,
        orphans=orphans,
        exports=Counter(ExportRecord.unpack(data).state for data in exports.values()),
    )


def _written_at(entry: tuple[bytes, Fields]) -> datetime:
    """When a stream's entry was written: its id begins with the time in ms."""
    return clock((0, int(entry[0].partition(b"-")[0]) * 1000))
