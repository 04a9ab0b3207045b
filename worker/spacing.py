"""When the scarce requests of an account were made in the last hour; kept in Redis, because readers come and go.

A reader that follows one that died would else begin anew, and thirty requests an hour were gone in minutes.
"""

import time
from collections.abc import Callable
from typing import Final

from producer.contract.messages import AccountName
from worker.ledger.accounts import AccountBook

_HOUR: Final = 3600.0


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
        since = self._clock() - _HOUR
        return [
            at for word in (await self._book.fact(self._account, self._field)).split() if (at := float(word)) > since
        ]

    async def pause(self, after: Callable[[int], float]) -> float:
        """Seconds until the next one may be made, `after` so many in the last hour; not above 0: now."""
        times = await self.past()
        return times[-1] + after(len(times)) - self._clock() if times else 0.0

    async def note(self) -> None:
        """One more was made now."""
        times = [*await self.past(), self._clock()]
        await self._book.note(self._account, {self._field: " ".join(f"{at:.1f}" for at in times)})
