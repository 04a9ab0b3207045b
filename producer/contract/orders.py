"""An order: what an operator wants done with many messages or dead letters, kept until it has been carried out.

`ops` writes it down, a track worker carries it out piece by piece. What a piece did is counted on the order in the
same step that did it, and how far the order is (`cursor`) moves afterwards: a piece that is done again, because a
worker died in it, finds its own work done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final, Self
from urllib.parse import urlencode

from producer.contract.states import State

LIFE: Final = 7 * 86_400
"""Seconds that an order is kept after its last piece."""


class OrderKind(StrEnum):
    """What is to be done. The words are those of the audit log."""

    REPLAY = "dead.replay"  # put dead letters of one reason on the intake stream again
    DROP = "dead.drop"  # delete dead letters of one reason
    CANCEL = "messages.cancel"  # cancel the messages of a campaign that match and wait to be sent
    AGAIN = "messages.again"  # gather those that match and reached nobody as the draft of a new campaign

    @property
    def lock(self) -> str:
        """Of orders with the same lock (and target, where they have one) only one is open at a time."""
        return "dead" if self in {OrderKind.REPLAY, OrderKind.DROP} else self.value

    @property
    def participle(self) -> str:
        """What becomes of each that is done."""
        return _PARTICIPLES[self]


_PARTICIPLES: Final = {
    OrderKind.REPLAY: "put back",
    OrderKind.DROP: "dropped",
    OrderKind.CANCEL: "cancelled",
    OrderKind.AGAIN: "gathered",
}


class OrderState(StrEnum):
    """Where an order is. All but OPEN are ends."""

    OPEN = "open"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


GROUPS: Final[Mapping[str, tuple[State, ...]]] = {
    "not_delivered": (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED),
    "open": tuple(state for state in State if not state.is_final),
}
"""What may be asked for together, besides each state alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which messages of a campaign are meant: empty parts leave nothing out. `prefix` is digits of the MSISDN."""

    state: str = ""
    code: str = ""
    prefix: str = ""

    @property
    def states(self) -> tuple[State, ...]:
        """The states that are meant; ValueError where `state` is the word of none."""
        if not self.state:
            return tuple(State)
        return GROUPS[self.state] if self.state in GROUPS else (State(self.state),)

    @property
    def query(self) -> str:
        """As the query of an address."""
        parts = {"state": self.state, "code": self.code, "prefix": self.prefix}
        return urlencode({name: value for name, value in parts.items() if value})


_TEXTS: Final = ("id", "target", "who", "last", "cursor", "words", "result", "memo")
_NUMBERS: Final = ("done", "left", "asked_at", "ended_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order. Times are unix seconds, 0 for never.

    `target` is a campaign, or the kind of a reason. `rate` is dead letters a second, 0 for as fast as can be.
    `last` bounds it to what was there when it was asked for: the newest dead letter's id, or the campaign's number
    of chunks; `cursor` is how far it is, in the same words, empty at the beginning. `done` were done, `left` could
    not be. `words` says why it failed; `result` is what came of it (the key of a draft). `memo` is the carrier's own.
    """

    id: str
    kind: OrderKind
    target: str
    who: str
    state: OrderState = OrderState.OPEN
    wanted: Filter = field(default_factory=Filter)
    rate: float = 0.0
    last: str = ""
    cursor: str = ""
    done: int = 0
    left: int = 0
    asked_at: int = 0
    ended_at: int = 0
    words: str = ""
    result: str = ""
    memo: str = ""

    @property
    def share(self) -> float | None:
        """How much of a campaign it has gone through, 0 to 1; None where nobody can say."""
        if not self.last.isdecimal():
            return None
        return min(1.0, int(self.cursor or 0) / int(self.last)) if int(self.last) else 1.0

    def pack(self) -> dict[str, str]:
        """As the fields of a hash."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "wanted"}
        wanted = {"of_state": self.wanted.state, "of_code": self.wanted.code, "of_prefix": self.wanted.prefix}
        return {name: str(value) for name, value in {**plain, **wanted}.items()}

    @classmethod
    def unpack(cls, hashed: Mapping[bytes, bytes]) -> Self:
        """Read what `pack` wrote; ValueError when it is another contract's."""
        told = {name.decode(): value.decode(errors="backslashreplace") for name, value in hashed.items()}
        texts: dict[str, Any] = {name: told.get(name, "") for name in _TEXTS}  # Any: for cls, all are texts
        numbers: dict[str, Any] = {name: int(told.get(name) or 0) for name in _NUMBERS}  # Any: the same
        return cls(
            kind=OrderKind(told.get("kind", "")),
            state=OrderState(told.get("state", "")),
            rate=float(told.get("rate") or 0),
            wanted=Filter(
                state=told.get("of_state", ""), code=told.get("of_code", ""), prefix=told.get("of_prefix", "")
            ),
            **texts,
            **numbers,
        )
