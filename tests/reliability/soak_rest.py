"""What may be left in Redis of a system at rest: by row of the catalogue, with a bound that no work raises."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from producer.contract.key_rows import spec_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Keys of one row, and the bytes that Redis counts for all of them."""

    keys: int
    bytes: int = 0


Rests = Mapping[str, Rest]

JOURNAL_LENGTH: Final = 1000
EXCHANGES: Final = 200
"""As the soak sets them: short enough to be reached, so that what they bound is seen to be bounded."""

_KB: Final = 1000
ALLOWED: Final[Rests] = {
    # of the two accounts, for ever
    "volley:accounts": Rest(keys=1, bytes=8 * _KB),
    "volley:account:*": Rest(keys=2, bytes=8 * _KB),
    "volley:account:*:totals": Rest(keys=2, bytes=8 * _KB),
    "volley:account:*:words": Rest(keys=2, bytes=16 * _KB),
    "volley:account:*:cursors": Rest(keys=2, bytes=8 * _KB),
    # of the two accounts, trimmed to a length or of a fixed size
    "volley:account:*:journal": Rest(keys=2, bytes=2 * (JOURNAL_LENGTH + 100) * 2 * _KB),
    "volley:account:*:exchanges:*": Rest(keys=4, bytes=4 * (EXCHANGES + 100) * 4 * _KB),
    "volley:account:*:series:*": Rest(keys=6, bytes=1300 * _KB),
    "volley:account:*:minute:*": Rest(keys=2 * 17, bytes=16 * _KB),
    "volley:account:*:calls": Rest(keys=2, bytes=8 * _KB),
    "volley:account:*:reader": Rest(keys=2, bytes=_KB),
    # of the two logins: no more windows than calls that have one
    "volley:throttle:*": Rest(keys=2, bytes=2 * _KB),
    "volley:throttle:*:slots": Rest(keys=2, bytes=2 * _KB),
    "volley:throttle:*:budget": Rest(keys=2, bytes=2 * _KB),
    "volley:throttle:*:window:*": Rest(keys=12, bytes=16 * _KB),
    # of the four workers, and those that they followed a minute ago
    "volley:workers": Rest(keys=1, bytes=8 * _KB),
    "volley:worker:*": Rest(keys=6, bytes=16 * _KB),
    "volley:queue:*:*:health-check": Rest(keys=4, bytes=2 * _KB),
    "volley:queue:control-send": Rest(keys=1, bytes=2 * _KB),
    "volley:queue:control-track": Rest(keys=1, bytes=2 * _KB),
    "volley:queue:control-send:health-check": Rest(keys=1, bytes=_KB),
    "volley:queue:control-track:health-check": Rest(keys=1, bytes=_KB),
    # jobs of the control queues, run by the clock: ten a minute, whose marks live for one
    "arq:job:**": Rest(keys=8, bytes=8 * _KB),
    "arq:in-progress:**": Rest(keys=20, bytes=4 * _KB),
    "arq:retry:**": Rest(keys=8, bytes=2 * _KB),
    "volley:intake": Rest(keys=1, bytes=16 * _KB),
}

SOON: Final = frozenset({
    "volley:account:*:due",
    "volley:account:*:ref:*",
    "volley:throttle:*:fence:*",
    "volley:throttle:*:window:*",
})  # fmt: skip
"""What is gone a few minutes after the last campaign: a short soak does not wait for it."""


async def rests(redis: Redis, *, measured: bool = True) -> dict[str, Rest]:
    """What is there, by row of the catalogue; a key without a row is under its own name. Bytes when `measured`."""
    found: dict[str, Rest] = {}
    async for key in redis.scan_iter(count=1000):
        spec = spec_of(key.decode())
        name = spec.pattern if spec else key.decode()
        size = (await redis.memory_usage(key, samples=0) or 0) if measured else 0
        before = found.get(name, Rest(keys=0))
        found[name] = Rest(keys=before.keys + 1, bytes=before.bytes + size)
    return found


def too_much(found: Rests, allowed: Rests = ALLOWED) -> list[str]:
    """A sentence for each row of which there is more than is allowed, keys or bytes; of an unnamed row: anything."""
    complaints = []
    for name, rest in sorted(found.items()):
        most = allowed.get(name, Rest(keys=0))
        if rest.keys > most.keys:
            complaints.append(f"{rest.keys} keys {name} are left, allowed are {most.keys}")
        elif rest.bytes > most.bytes:
            complaints.append(f"{rest.bytes} bytes of {name} are left, allowed are {most.bytes}")
    return complaints
