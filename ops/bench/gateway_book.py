"""What the benchmark's gateway remembers: when each request came, and what was accepted under which id."""

import time
from array import array
from dataclasses import dataclass, field
from typing import Final

URGENT: Final = "30699"
"""How the MSISDNs begin whose arrivals are kept one by one."""

_TO: Final = b"to="
_URGENT: Final = URGENT.encode()


@dataclass(slots=True)
class Book:
    """One gateway's memory. Times are of the machine's monotonic clock, which all its processes share."""

    arrivals: "array[float]" = field(default_factory=lambda: array("d"))
    messages: int = 0
    at_once: int = 0
    most_at_once: int = 0
    numbers: list[bytes] = field(default_factory=list)
    """restv2: the MSISDN of each message, in their order."""

    urgent: dict[str, float] = field(default_factory=dict)
    submissions: list[tuple[bytes, bytes]] = field(default_factory=list)
    """smsc: client id and its MSISDNs with commas between them."""

    _pairs: list[tuple[str, str]] = field(default_factory=list)

    reported: int = 0
    """How many of the accepted messages were reported, in their order."""

    def request(self) -> None:
        """One send request came."""
        self.arrivals.append(time.monotonic())
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

    def answered(self) -> None:
        """One send request was answered."""
        self.at_once -= 1

    def single(self, form: bytes) -> int:
        """Accept a restv2 message; its id."""
        self.messages += 1
        at = form.find(_TO) + len(_TO)
        number = form[at : form.find(b"&", at)]
        self.numbers.append(number)
        if number.startswith(_URGENT):
            self.urgent[number.decode()] = self.arrivals[-1]
        return self.messages

    def several(self, client_id: bytes, phones: bytes, count: int) -> None:
        """Accept an smsc request of `count` messages."""
        self.messages += count
        self.submissions.append((client_id, phones))

    def counted(self) -> dict[str, float]:
        """What `GET /count` tells."""
        return {
            "requests": len(self.arrivals),
            "messages": self.messages,
            "first": self.arrivals[0] if self.arrivals else 0.0,
            "last": self.arrivals[-1] if self.arrivals else 0.0,
            "most_at_once": self.most_at_once,
        }

    def doubled(self) -> int:
        """How many restv2 messages went to an MSISDN that had one already."""
        return len(self.numbers) - len(set(self.numbers))

    def take(self, most: int) -> range:
        """The next ids to be reported (restv2), at most so many."""
        first = self.reported + 1
        self.reported = min(self.messages, self.reported + most)
        return range(first, self.reported + 1)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Client id and MSISDN (smsc) of every accepted message, in their order."""
        if len(self._pairs) != self.messages:
            self._pairs = [
                (client_id.decode(), phone)
                for client_id, phones in self.submissions
                for phone in phones.decode().split(",")
            ]
        return self._pairs
