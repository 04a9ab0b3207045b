"""Collecting incoming messages by asking the provider, with a cursor that survives: each is handed on once."""

from typing import Final, assert_never

import structlog

from producer.contract import keys
from producer.contract.client import Client
from worker.asking import Asker
from worker.digesting import digested
from worker.incoming import IncomingBook
from worker.ledger import Journal
from worker.providers.pushes import CallConfirmed, Collected, Inbox, Incoming
from worker.providers.reports import Refused
from worker.settings import Account
from worker.throttle import TooSoonError

_CURSOR: Final = "incoming"
_MOST_PAGES: Final = 20

log = structlog.get_logger(__name__)


class Collector:
    """Collects one account's incoming messages. Called by the account's one reader."""

    def __init__(
        self, account: Account, redis: Client, asker: Asker, journal: Journal, book: IncomingBook, inbox: Inbox
    ) -> None:
        self._account = account
        self._redis = redis
        self._asker = asker
        self._journal = journal
        self._book = book
        self._inbox = inbox

    async def step(self) -> int:
        """Read what is new; how many messages were handed on.

        The cursor moves after the messages of a page were handed on: a crash in between reads the page again,
        and the book knows them.
        """
        handed_on = 0
        for _ in range(_MOST_PAGES):
            page = await self._page()
            if page is None:
                break
            for item in page.items:
                handed_on += await self._take(item)
            await self._redis.hset(keys.cursors(self._account.name), _CURSOR, str(page.cursor))
            if not page.more:
                break
        return handed_on

    async def _page(self) -> Collected | None:
        cursor = int(await self._redis.hget(keys.cursors(self._account.name), _CURSOR) or 0)
        try:
            answer = await self._asker.ask(self._inbox.build(self._account.credentials, cursor))
        except TooSoonError:
            return None
        if answer is None:
            return None
        await self._journal.write(self._account.name, "answers", answer.status, answer.body)
        match await digested(lambda said: self._inbox.read(said, cursor), answer):
            case Refused() as refusal:
                await self._asker.refused("answers", refusal)
                return None
            case Collected() as page:
                return page
            case other:
                assert_never(other)

    async def _take(self, item: Incoming | CallConfirmed) -> bool:
        match item:
            case Incoming():
                return await self._book.take(item)
            case CallConfirmed():
                await self._book.confirm(item)
                return False
            case _:
                assert_never(item)
