"""The documented request limits, counted per account in sliding windows."""

from collections import Counter, deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Violation(StrEnum):
    """A rule that a client broke. Each is counted, whether or not the request was refused."""

    IDENTICAL_SEND = "identical_send"
    IDENTICAL_COST = "identical_cost"
    SIMULTANEOUS = "simultaneous"
    SIMULTANEOUS_STATUS = "simultaneous_status"
    SAME_STATUS = "same_status"
    BULK_STATUS = "bulk_status"
    BALANCE = "balance"
    IDENTICAL_HISTORY = "identical_history"
    HISTORY = "history"
    IDENTICAL_ANSWERS = "identical_answers"
    STAT = "stat"
    IDENTICAL_PRICE = "identical_price"
    IDENTICAL_OPERATOR = "identical_operator"
    OPERATOR = "operator"
    IDENTICAL_TINYURL = "identical_tinyurl"
    IDENTICAL_TEMPLATE = "identical_template"
    IDENTICAL_NUMBER = "identical_number"
    IDENTICAL_WAIT_CALL = "identical_wait_call"
    IDENTICAL_DOWNLOAD = "identical_download"
    RATE = "rate"
    UCS_MISSING = "ucs_missing"  # restv2 text outside the GSM alphabet without ucs=true: characters may be lost (B4)
    PHONE_TWICE = "phone_twice"  # one phone twice in one smsc request: its statuses cannot be told apart (A3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` requests with one key in any `within` seconds."""

    violation: Violation
    most: int
    within: float


# PROVIDERS.md A13; the texts behind it: A3 (send, cost), A4 (status), A5 (balance), A6 (history).
IDENTICAL_SEND: Final = Limit(violation=Violation.IDENTICAL_SEND, most=1, within=60.0)
IDENTICAL_COST: Final = Limit(violation=Violation.IDENTICAL_COST, most=5, within=60.0)
SAME_STATUS: Final = Limit(violation=Violation.SAME_STATUS, most=5, within=60.0)
BULK_STATUS: Final = Limit(violation=Violation.BULK_STATUS, most=1, within=60.0)
BALANCE: Final = Limit(violation=Violation.BALANCE, most=10, within=60.0)
IDENTICAL_HISTORY: Final = Limit(violation=Violation.IDENTICAL_HISTORY, most=3, within=60.0)
HISTORY: Final = Limit(violation=Violation.HISTORY, most=30, within=3600.0)
# S1: get_answers, get_stat (any request), get_price, get_operator, tinyurls; S3: templates; S4: the rest
IDENTICAL_ANSWERS: Final = Limit(violation=Violation.IDENTICAL_ANSWERS, most=3, within=60.0)
STAT: Final = Limit(violation=Violation.STAT, most=3, within=60.0)
IDENTICAL_PRICE: Final = Limit(violation=Violation.IDENTICAL_PRICE, most=3, within=60.0)
IDENTICAL_OPERATOR: Final = Limit(violation=Violation.IDENTICAL_OPERATOR, most=3, within=60.0)
OPERATOR: Final = Limit(violation=Violation.OPERATOR, most=100, within=60.0)
IDENTICAL_TINYURL: Final = Limit(violation=Violation.IDENTICAL_TINYURL, most=3, within=60.0)
IDENTICAL_TEMPLATE: Final = Limit(violation=Violation.IDENTICAL_TEMPLATE, most=3, within=60.0)
IDENTICAL_NUMBER: Final = Limit(violation=Violation.IDENTICAL_NUMBER, most=2, within=60.0)
IDENTICAL_WAIT_CALL: Final = Limit(violation=Violation.IDENTICAL_WAIT_CALL, most=50, within=60.0)
IDENTICAL_DOWNLOAD: Final = Limit(violation=Violation.IDENTICAL_DOWNLOAD, most=3, within=60.0)

MOST_SIMULTANEOUS: Final = 14  # A3: 15 requests at once from one login give error 9
MOST_STATUS_SIMULTANEOUS: Final = 4  # A4: 5 status requests at once give error 9


class Window:
    """Counts per key over the last `within` seconds, oldest forgotten first; every step is O(1) on average."""

    def __init__(self, within: float) -> None:
        self._within = within
        self._counts: dict[Hashable, int] = {}
        self._order: deque[tuple[float, Hashable]] = deque()

    def count(self, key: Hashable, now: float) -> int:
        """How many are remembered for `key`."""
        self._forget(now)
        return self._counts.get(key, 0)

    def add(self, key: Hashable, now: float) -> None:
        """Remember one more."""
        self._counts[key] = self._counts.get(key, 0) + 1
        self._order.append((now, key))

    def _forget(self, now: float) -> None:
        order = self._order
        while order and now - order[0][0] >= self._within:
            _, key = order.popleft()
            if self._counts[key] == 1:
                del self._counts[key]
            else:
                self._counts[key] -= 1


class Limits:
    """One account's windows and what it broke. A refused request does not prolong its window."""

    def __init__(self) -> None:
        self.violations: Counter[Violation] = Counter()
        self._windows: dict[Limit, Window] = {}

    def admits(self, limit: Limit, key: Hashable, now: float) -> bool:
        """Count one request, or refuse it and count the violation."""
        window = self._windows.get(limit)
        if window is None:
            window = self._windows[limit] = Window(limit.within)
        if window.count(key, now) >= limit.most:
            self.violations[limit.violation] += 1
            return False
        window.add(key, now)
        return True

    def broke(self, violation: Violation) -> None:
        """Count a violation that no window decides."""
        self.violations[violation] += 1


class Rate:
    """The account's own limit of send requests in any one second (`most` 0: none)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: deque[float] = deque(maxlen=most or None)

    def is_over(self, now: float, *, remember_always: bool) -> bool:
        """Say whether this request is one too many, and remember it if it is not (or always)."""
        if not self._most:
            return False
        times = self._times
        over = len(times) == self._most and now - times[0] < 1.0
        if remember_always or not over:
            times.append(now)
        return over
