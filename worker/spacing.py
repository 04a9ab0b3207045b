"""When the scarce requests of an account were made in the last hour; kept in Redis, because readers come and go.

A reader that follows one that died would else begin anew, and thirty requests an hour were gone in minutes.
"""

import math
import time
from collections.abc import Callable
from typing import Final

from producer.contract import keys
from producer.contract.messages import AccountName
from worker import sharing
from worker.ledger.accounts import AccountBook
from worker.sharing import HOUR, Hour

PAGES: Final = "pages_at"
RECALLS: Final = "recalled_at"
"""Where the account's book keeps when history pages were read, and when something was recalled."""

_AHEAD: Final = 60.0
"""Seconds by which another process' clock may be ahead: what is later is no time, and would count for days."""


class Spacing:
    """The times of one kind of request; `field`: where the account's book keeps them. `clock`: unix time."""

    def __init__(
        self, book: AccountBook, account: AccountName, field: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._book = book
        self._account = account
        self._field = field
        self._clock = clock

    async def past(self) -> list[float]:
        """Unix times of the requests of the last hour, oldest first."""
        now = self._clock()
        words = (await self._book.fact(self._account, self._field)).split()
        return sorted(min(at, now) for word in words if now - HOUR < (at := float(word)) < now + _AHEAD)

    async def note(self) -> None:
        """One more was made now."""
        times = [*await self.past(), self._clock()]
        await self._book.note(self._account, {self._field: " ".join(f"{at:.1f}" for at in times)})


class HistoryHour:
    """An account's history requests, shared by back-fill and recall (`sharing`).

    `most`: numbers in one request of recall; 0: the family has none.
    """

    def __init__(
        self, book: AccountBook, account: AccountName, *, most: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._book = book
        self._account = account
        self._most = most
        self._clock = clock
        self._pages = Spacing(book, account, PAGES, clock)
        self._recalls = Spacing(book, account, RECALLS, clock)

    async def page_in(self, fullness: float) -> float:
        """Seconds until back-fill may ask for a page of which so much (0 to 1) is waited for; 0: now."""
        return sharing.page_in(await self._hour(), fullness, self._clock())

    async def recall_in(self, fullness: float) -> float:
        """Seconds until recall may make a request that is so full (0 to 1) of numbers; 0: now."""
        return sharing.recall_in(await self._hour(), fullness, self._clock())

    async def note_page(self) -> None:
        """Back-fill read a page now."""
        await self._pages.note()

    async def note_recall(self) -> None:
        """Recall made a request now."""
        await self._recalls.note()

    async def _hour(self) -> Hour:
        needs = 0
        if self._most:
            doubted = await self._book.redis.zcard(keys.uncertain(self._account))
            needs = math.ceil(doubted / self._most)
        return Hour(pages=await self._pages.past(), recalls=await self._recalls.past(), needs=needs)
