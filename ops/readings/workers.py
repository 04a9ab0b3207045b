"""Workers: their heartbeats, what they play, what each account's sender waits for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ops.readings.fields import Fields, clock, moment, readable, text, whole
from producer.contract import keys
from producer.contract.client import Client

_LIVE: Final = 5.0
_BEAT_LIFE: Final = 60.0
"""Seconds that a heartbeat lives (the catalogue's row of `volley:worker:*`)."""

_SHOWN: Final = 3600.0
_ON_WIRE: Final = "on_wire:"
_WAITING: Final = "waiting:"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReading:
    """One worker process. `beat_ago` is seconds since its last heartbeat, on Redis' clock.

    `on_wire` counts requests by account, `waiting` says what each account's sender waits for. A worker that
    stopped in order is not listed; one that died is, for an hour, without its fields after the first minute.
    """

    id: str
    beat_ago: float
    roles: frozenset[str] = frozenset()
    host: str = ""
    pid: int = 0
    started_at: datetime | None = None
    on_wire: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        """Whether its last heartbeat is less than 5 seconds ago."""
        return self.beat_ago < _LIVE


async def read_workers(redis: Client) -> tuple[WorkerReading, ...]:
    """The workers that beat within the last hour, latest beat first; two round trips."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.zrange(keys.WORKERS, 0, -1, desc=True, withscores=True)
        now, members = await pipe.execute()
    ages = {readable(name): clock(now).timestamp() - beat_at for name, beat_at in members}
    recent = {name: age for name, age in ages.items() if age < _SHOWN}
    async with redis.pipeline(transaction=False) as pipe:
        for name in recent:
            pipe.hgetall(keys.worker(name))
            pipe.pttl(keys.worker(name))
        answers = await pipe.execute()
    return tuple(
        _reading(name, age, fields, life)
        for (name, age), fields, life in zip(recent.items(), answers[::2], answers[1::2], strict=True)
    )


def _reading(name: str, age: float, fields: Fields, life: int) -> WorkerReading:
    """The remaining life of the heartbeat tells its age without the clock of the worker's host."""
    return WorkerReading(
        id=name,
        beat_ago=max(0.0, _BEAT_LIFE - life / 1000) if life >= 0 else max(age, _LIVE),
        roles=frozenset(filter(None, text(fields, "roles").split(","))),
        host=text(fields, "host"),
        pid=whole(fields, "pid"),
        started_at=moment(fields, "started_at"),
        on_wire={account: int(count) for account, count in _by_account(fields, _ON_WIRE) if count.isdigit()},
        waiting={account: why for account, why in _by_account(fields, _WAITING) if why},
    )


def _by_account(fields: Fields, prefix: str) -> list[tuple[str, str]]:
    found = ((readable(name), readable(value)) for name, value in fields.items())
    return [(name.removeprefix(prefix), value) for name, value in found if name.startswith(prefix)]
