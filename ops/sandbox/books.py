"""What an account did to the gateway: its requests, when they came, and how many at once."""

from collections import Counter, deque
from enum import StrEnum
from typing import Final

ARRIVALS_KEPT: Final = 200_000


class Call(StrEnum):
    """The calls that the sandbox plays."""

    SEND = "send"
    STATUS = "status"
    BALANCE = "balance"
    HISTORY = "history"
    ANSWERS = "answers"
    STAT = "stat"
    PRICE = "price"
    OPERATOR = "operator"
    TINYURL = "tinyurl"
    TEMPLATES = "templates"
    NUMBERS = "numbers"
    WAIT_CALL = "wait_call"
    DOWNLOADS = "downloads"
    CANCEL = "cancel"
    UNKNOWN = "unknown"  # a script was asked for something that it does not do
    DRAIN = "drain"
    KEY_GET = "key_get"
    KEY_RESET = "key_reset"


class Books:
    """Counters of one account. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.requests: Counter[Call] = Counter()
        self.send_arrivals: deque[float] = deque(maxlen=ARRIVALS_KEPT)
        self.callbacks: Counter[str] = Counter()  # answered, failed, given_up
        self.at_once = 0
        self.open: Counter[Call] = Counter()  # requests that have not been answered yet
        self.most_open: Counter[Call] = Counter()
        self.most_at_once = 0
        self.most_accepted_a_second = 0
        self._accepted: deque[float] = deque()

    def enter(self, call: Call, now: float) -> None:
        """Note that a request came in; `leave` must follow."""
        self.requests[call] += 1
        self.at_once += 1
        self.open[call] += 1
        self.most_open[call] = max(self.most_open[call], self.open[call])
        self.most_at_once = max(self.most_at_once, self.at_once)
        if call is Call.SEND:
            self.send_arrivals.append(now)

    def leave(self, call: Call) -> None:
        """Note that a request has been answered or given up."""
        self.at_once -= 1
        self.open[call] -= 1

    def accepted_send(self, arrived: float) -> None:
        """Note that a send request (of one message or many) was accepted, by the time it arrived."""
        times = self._accepted
        times.append(arrived)
        while arrived - times[0] >= 1.0:
            times.popleft()
        self.most_accepted_a_second = max(self.most_accepted_a_second, len(times))
