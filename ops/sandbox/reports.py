"""Which restv2 messages have changed since they were last drained, without a look at those that have not."""

import heapq
from collections.abc import Iterator
from itertools import islice

from ops.sandbox.ledger import Message
from ops.sandbox.progress import Timing, end_of, standing_of


class Reports:
    """A queue of coming changes: (due at, message number, is it the final change, message)."""

    def __init__(self) -> None:
        self._coming: list[tuple[float, int, bool, Message]] = []

    def expect(self, message: Message, timing: Timing) -> None:
        """Plan the first change of an accepted message; one that is never reported has none."""
        end = end_of(message, timing)
        if end is not None:
            due = message.received_at + message.delay + min(timing.enroute_after, end.after)
            heapq.heappush(self._coming, (due, message.number, False, message))

    def drain(self, now: float, timing: Timing, most: int) -> list[tuple[Message, str]]:
        """Take out at most `most` changed messages with their letter; they are not reported again."""
        return list(islice(self._changed(now, timing), most))

    def _changed(self, now: float, timing: Timing) -> Iterator[tuple[Message, str]]:
        while self._coming and self._coming[0][0] <= now:
            _, _, is_final, message = heapq.heappop(self._coming)
            end = end_of(message, timing)
            final_at = message.received_at + message.delay + (end.after if end else timing.final_after)
            if not is_final and final_at > now:
                heapq.heappush(self._coming, (final_at, message.number, True, message))
            yield message, standing_of(message, now, timing).letter
