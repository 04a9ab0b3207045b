"""Finding out, once, whether an account's host has its family's optional calls; the answer is remembered."""

import time
from collections.abc import Callable
from typing import Final

from worker.asking import Asker
from worker.digesting import digested
from worker.ledger.accounts import AccountBook
from worker.providers.interface import Lookup
from worker.settings import Account

_PROBED: Final = "v3"
_LOOK_EVERY: Final = 1.0


class Offer:
    """What was found out of one account's host, for those who may not ask it: the senders.

    `offers` is what holds now; it is looked up at most once a second, and no more once the host was found to have it.
    """

    def __init__(self, account: Account, book: AccountBook, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._book = book
        self._clock = clock
        self._offers = False
        self._look_at = float("-inf")

    async def offers(self) -> bool:
        """Whether the host was found to have the optional calls, and the account asks for them."""
        if self._offers or not is_wanted(self._account):
            return self._offers
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            self._offers = await known(self._account, self._book) is True
        return self._offers

    async def lookup(self) -> Lookup | None:
        """The account's look-up; None where its family has none, or its host was not found to have it."""
        lookup = self._account.family.lookup
        return lookup if lookup is None or not lookup.is_optional or await self.offers() else None


class Prober:
    """Knows of one account whether its host has the optional calls (restv2: version 3), and asks if nobody does."""

    def __init__(self, account: Account, asker: Asker, book: AccountBook) -> None:
        self._account = account
        self._asker = asker
        self._book = book

    @property
    def is_wanted(self) -> bool:
        """Whether the account asks for optional calls at all: what it does not ask for is not even probed."""
        return is_wanted(self._account)

    async def offers(self, *, even_blocked: bool = False) -> bool | None:
        """Whether the host has them; None when that cannot be found out now. Raises TooSoonError as the asker."""
        probe = self._account.family.probe
        if probe is None or not self.is_wanted:
            return False
        found = await known(self._account, self._book)
        if found is None:
            answer = await self._asker.ask(probe.build(self._account.credentials), probe=even_blocked)
            found = await digested(probe.read, answer) if answer is not None else None
            if found is not None:
                await self._book.note(self._account.name, {_PROBED: finding(self._account, found=found)})
        return found


def is_wanted(account: Account) -> bool:
    """Whether an account asks for its family's optional calls."""
    return account.family.probe is not None and account.credentials.dialect.v3


async def known(account: Account, book: AccountBook) -> bool | None:
    """What was found out before of this very host; None when nothing."""
    noted = await book.fact(account.name, _PROBED)
    return {finding(account, found=found): found for found in (True, False)}.get(noted)


def finding(account: Account, *, found: bool) -> str:
    """How it is remembered: with the host, because an account may move to another."""
    return f"{int(found)} {account.credentials.base_url}"
