"""Queues: arq's own health line of each, how many jobs are in it now, and how old the oldest is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from arq.constants import health_check_key_suffix

from ops.readings.fields import read_clock, readable
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.directory import accounts

_HEALTH: Final = re.compile(r"j_complete=(\d+) j_failed=(\d+) j_retried=(\d+) j_ongoing=(\d+) queued=(-?\d+)")
CONTROL_SEND: Final = "control-send"
"""The name of the queue of feeding."""

_CONTROLS: Final = {CONTROL_SEND: keys.CONTROL_SEND, "control-track": keys.CONTROL_TRACK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What arq counts for a queue: since the start of the worker that wrote it last; `queued` at that moment."""

    complete: int
    failed: int
    retried: int
    ongoing: int
    queued: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReading:
    """One arq queue. `account` and `lane` are empty for a control queue. `health` is None without a worker.

    `size` counts all jobs, taken ones too (they stay until they are finished), `ready` those that may be
    taken now. `oldest` is seconds that the first of the ready ones has waited, 0 when there is none.
    """

    name: str
    account: str = ""
    lane: Lane | None = None
    size: int = 0
    ready: int = 0
    oldest: float = 0.0
    health: Health | None = None


async def read_queues(redis: Client) -> tuple[QueueReading, ...]:
    """The lanes of all announced accounts, then the control queues; three round trips."""
    lanes: list[tuple[AccountName, Lane]] = [(name, lane) for name in await accounts(redis) for lane in Lane]
    names = [keys.queue(name, lane) for name, lane in lanes] + list(_CONTROLS.values())
    now = await read_clock(redis)
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.zcard(name)
            pipe.zcount(name, "-inf", int(now.timestamp() * 1000))
            pipe.zrangebyscore(name, 1, "+inf", start=0, num=1, withscores=True)
            pipe.get(name + health_check_key_suffix)
        answers = await pipe.execute()
    identities = [
        *(QueueReading(name=f"{name}:{lane}", account=name, lane=lane) for name, lane in lanes),
        *(QueueReading(name=name) for name in _CONTROLS),
    ]
    return tuple(
        replace(
            identity,
            size=answers[index * 4],
            ready=answers[index * 4 + 1],
            oldest=_age(answers[index * 4 + 2], now),
            health=health_of(answers[index * 4 + 3]),
        )
        for index, identity in enumerate(identities)
    )


def health_of(line: bytes | None) -> Health | None:
    """The health line as arq writes it; None when there is none, or it is not arq's."""
    found = _HEALTH.search(readable(line)) if line else None
    if found is None:
        return None
    complete, failed, retried, ongoing, queued = map(int, found.groups())
    return Health(complete=complete, failed=failed, retried=retried, ongoing=ongoing, queued=queued)


def _age(first: Sequence[tuple[bytes, float]], now: datetime) -> float:
    """Seconds since the first job could be taken. A job that was given back has score 0: its age is not known."""
    return max(0.0, now.timestamp() - first[0][1] / 1000) if first else 0.0
