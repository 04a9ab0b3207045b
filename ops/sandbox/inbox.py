"""The incoming messages of one account, oldest first."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice
from operator import attrgetter

from ops.sandbox.pushing.events import Incoming

_id = attrgetter("id")
_received = attrgetter("received")


class Inbox:
    """Ids count up from 1 and times never go back, so both find their place by halving."""

    def __init__(self) -> None:
        self._messages: list[Incoming] = []

    @property
    def next_id(self) -> int:
        """The id of the next message."""
        return len(self._messages) + 1

    def add(self, message: Incoming) -> None:
        """Keep a message; its id is `next_id`."""
        self._messages.append(message)

    def since(self, moment: float, after_id: int) -> Iterator[Incoming]:
        """Walk the messages received from `moment` (unix) on, whose id is larger than `after_id`."""
        rows = self._messages
        start = max(bisect_left(rows, moment, key=_received), bisect_right(rows, after_id, key=_id))
        return islice(rows, start, None)
