"""Finding out, once, whether an account's host has its family's optional calls; the answer is remembered."""

from typing import Final

from worker.asking import Asker
from worker.ledger.accounts import AccountBook
from worker.settings import Account

_PROBED: Final = "v3"


class Prober:
    """Knows of one account whether its host has the optional calls (restv2: version 3)."""

    def __init__(self, account: Account, asker: Asker, book: AccountBook) -> None:
        self._account = account
        self._asker = asker
        self._book = book

    @property
    def is_wanted(self) -> bool:
        """Whether the account asks for optional calls at all: what it does not ask for is not even probed."""
        return self._account.family.probe is not None and self._account.credentials.dialect.v3

    async def offers(self, *, even_blocked: bool = False) -> bool | None:
        """Whether the host has them; None when that cannot be found out now. Raises TooSoonError as the asker."""
        probe, name = self._account.family.probe, self._account.name
        if probe is None or not self.is_wanted:
            return False
        known = await self._book.fact(name, _PROBED)
        if not known:
            answer = await self._asker.ask(probe.build(self._account.credentials), probe=even_blocked)
            found = probe.read(answer) if answer is not None else None
            if found is None:
                return None
            known = str(int(found))
            await self._book.note(name, {_PROBED: known})
        return known == "1"
