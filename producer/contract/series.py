"""Time series of an account: samples of its counters and gauges, in rings of falling resolution and fixed size.

A ring is one Redis string of equal slots; the slot of a moment is its period modulo the ring's length, and each
slot begins with its own time, so that an old one is known as such and nothing ever has to be deleted. Counters are
kept as they stand: what happened between two samples is their difference, whichever process wrote them and whatever
is missing in between. The same sample goes into every ring, so writing twice does no harm.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from producer.contract.counters import DELIVERY, OUTCOMES, REPORTED, SUBMISSION, reported
from producer.contract.states import State

EVERY: Final = 10
"""Seconds between two samples."""

COUNTERS: Final = (
    "requests",
    "request_ms",
    "congested",
    *OUTCOMES,
    *map(reported, REPORTED),
    *SUBMISSION.fields,
    *DELIVERY.fields,
)
"""Fields of the totals that a sample holds."""

OPEN_STATES: Final = tuple(state for state in State if not state.is_final)
GAUGES: Final = (*OPEN_STATES, "rate", "ceiling", "oldest", "balance")
"""Open messages by state, the rate now and at most (requests a second), the waiting time of the first ready
job (seconds), the balance (the account's currency)."""

_WRAP: Final = 1 << 32
_SLOT: Final = struct.Struct(f"<I{len(COUNTERS)}I{len(GAUGES)}d")
SLOT: Final = _SLOT.size
"""Bytes of one slot."""


class Span(StrEnum):
    """How far back a ring reaches."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Ring:
    """One ring: a slot for each `step` seconds, `length` of them."""

    step: int
    length: int

    @property
    def size(self) -> int:
        """Bytes of the whole ring. The last one is in no slot: who writes it first has Redis allocate all at once."""
        return self.length * _SLOT.size + 1

    def offset(self, at: int) -> int:
        """Where in the ring the slot of the unix time `at` begins."""
        return at // self.step % self.length * _SLOT.size

    def at(self, data: bytes, moment: int) -> "Sample | None":
        """The sample of the period that `moment` is in; None where none was taken."""
        start = self.offset(moment)
        packed = data[start : start + _SLOT.size]
        sample = Sample.unpack(packed) if len(packed) == _SLOT.size else None
        return sample if sample and sample.at // self.step == moment // self.step else None


RINGS: Final[Mapping[Span, Ring]] = {
    Span.HOUR: Ring(EVERY, 360),
    Span.DAY: Ring(60, 1440),
    Span.WEEK: Ring(600, 1008),
}
LIFE: Final = 8 * 86_400
"""Seconds after the last sample when the rings of an account go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An account at the unix time `at`. Counters are taken modulo 2^32; a gauge that is not known is left out."""

    at: int
    counters: Mapping[str, int] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)

    def pack(self) -> bytes:
        """The sample as a slot holds it."""
        return _SLOT.pack(
            self.at,
            *(self.counters.get(name, 0) % _WRAP for name in COUNTERS),
            *(self.gauges.get(name, math.nan) for name in GAUGES),
        )

    @classmethod
    def unpack(cls, packed: bytes) -> Self | None:
        """Read a slot; None when nothing was ever written to it."""
        at, *values = _SLOT.unpack(packed)
        if not at:
            return None
        gauges = zip(GAUGES, values[len(COUNTERS) :], strict=True)
        return cls(
            at=at,
            counters=dict(zip(COUNTERS, values, strict=False)),
            gauges={name: value for name, value in gauges if not math.isnan(value)},
        )

    def since(self, earlier: "Sample") -> dict[str, int] | None:
        """What was counted since an earlier sample; None when the counters began anew in between."""
        grown = {name: (self.counters[name] - earlier.counters[name]) % _WRAP for name in COUNTERS}
        return None if any(count >= _WRAP // 2 for count in grown.values()) else grown
