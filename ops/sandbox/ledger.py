"""What the gateway accepted, in order, with the indexes its lookups need; nothing here is ever changed later."""

import heapq
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Final

from ops.sandbox.config import Family
from ops.sandbox.scenarios import Ending

LONGEST_LIFE: Final = 86_400.0  # A3 `valid`: 24 hours, also where none is given


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One accepted message; `refused` marks a row of an accepted batch that only `status.php` remembers.

    `number` counts over the whole sandbox from 1 (and is smsc's `int_id`). `parameters` is the request as a
    JSON object without secrets and texts. `delay` is seconds until a scheduled message leaves, `valid` seconds from
    then until it expires. `kind` is smsc's `type`: 0 SMS, 1 flash.
    """

    number: int
    family: Family
    login: str
    client_id: str
    provider_id: str
    phone: str
    text: str
    sender: str
    segments: int
    received_at: float
    received_unix: float
    delay: float
    request: int
    parameters: bytes
    ending: Ending | None
    refused: bool = False
    kind: int = 0
    valid: float = LONGEST_LIFE


class Ledger:
    """What one account's messages are: by (id, phone), by phone, newest first, and which texts came twice."""

    def __init__(self) -> None:
        self.accepted: list[Message] = []
        self.duplicates = 0  # (phone, text) pairs accepted more than once
        self.extra = 0  # accepted messages beyond the first of their (phone, text)
        self._by_reference: dict[tuple[str, str], Message] = {}
        self._by_phone: dict[str, list[Message]] = {}
        self._removed: set[int] = set()
        self._texts: dict[int, int] = {}

    def add(self, message: Message) -> None:
        """Index an accepted message."""
        self.accepted.append(message)
        self._by_reference[message.provider_id, message.phone] = message
        self._by_phone.setdefault(message.phone, []).append(message)
        self._count_twice(hash((message.phone, message.text)))

    def add_refused(self, message: Message) -> None:
        """Remember a refused row for status lookups only."""
        self._by_reference[message.provider_id, message.phone] = message

    def remove(self, message: Message) -> None:
        """Take back a message that has not left: only the admin address still shows it."""
        self._removed.add(message.number)
        self._by_reference.pop((message.provider_id, message.phone), None)

    @property
    def removed(self) -> int:
        """How many were taken back."""
        return len(self._removed)

    def is_removed(self, message: Message) -> bool:
        """Whether the message was taken back."""
        return message.number in self._removed

    def find(self, provider_id: str, phone: str) -> Message | None:
        """Find the *last* message with this id and phone (A3: an id need not be unique)."""
        return self._by_reference.get((provider_id, phone))

    def behind(self, number: int, phone: str) -> Iterator[Message]:
        """Walk the accepted messages after `number`, oldest first; of one phone if it is given."""
        rows = self._by_phone.get(phone, []) if phone else self.accepted
        return islice(rows, _place(rows, number + 1), None)

    def newest(self, phones: Sequence[str], before: int | None, until: float) -> Iterator[Message]:
        """Walk backwards from the newest message that is older than `until` (unix) and number `before`."""
        if not phones:
            return _backwards(self.accepted, before, until)
        rows = (self._by_phone.get(phone, []) for phone in dict.fromkeys(phones))
        return heapq.merge(*(_backwards(row, before, until) for row in rows), key=_number, reverse=True)

    def _count_twice(self, fingerprint: int) -> None:
        seen = self._texts.get(fingerprint, 0)
        self._texts[fingerprint] = seen + 1
        self.duplicates += seen == 1
        self.extra += seen > 0


_number = attrgetter("number")
_unix = attrgetter("received_unix")


def _place(rows: Sequence[Message], number: int) -> int:
    return bisect_left(rows, number, key=_number)


def _backwards(rows: Sequence[Message], before: int | None, until: float) -> Iterator[Message]:
    start = bisect_left(rows, until, key=_unix)
    if before is not None:
        start = min(start, _place(rows, before))
    return (rows[index] for index in range(start - 1, -1, -1))
