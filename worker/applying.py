"""Applying pushes: from an account's stream of callbacks to the tracker and the incoming book, oldest first.

An entry is deleted once it was applied; a crash in between applies it again, which is harmless.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, assert_never

import structlog
from msgspec import structs
from redis.exceptions import RedisError

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from worker.callbacks import kept
from worker.incoming import IncomingBook
from worker.providers.pushes import CallConfirmed, Forged, Incoming, Pushed, TokenReport, Unreadable
from worker.providers.registry import PUSHES
from worker.providers.reports import Report
from worker.settings import Account
from worker.tracking import Tracker

_AT_ONCE: Final = 500
_IDLE: Final = 0.1
_AFTER_ERROR: Final = 1.0

log = structlog.get_logger(__name__)


class PushApplier:
    """Applies the pushes of one account. Only the account's reader should call `step`."""

    def __init__(self, account: Account, redis: Client, tracker: Tracker, incoming: IncomingBook) -> None:
        self._account = account
        self._redis = redis
        self._tracker = tracker
        self._incoming = incoming
        self._push = PUSHES.get(account.family.name)

    async def run(self) -> None:
        """Apply what comes until cancelled. Two processes doing it at once do no harm."""
        while True:
            try:
                pause = 0.0 if await self.step() else _IDLE
            except (RedisError, OSError) as error:
                log.warning("pushes_wait_for_redis", error=type(error).__name__)
                pause = _AFTER_ERROR
            await asyncio.sleep(pause)

    async def step(self) -> int:
        """Apply the oldest pushes; how many there were."""
        name = keys.pushed(AccountName(self._account.name))
        entries = await self._redis.xrange(name, count=_AT_ONCE)
        if not entries:
            return 0
        await self._apply([pushed for _, fields in entries if (pushed := self._read(fields)) is not None])
        await self._redis.xdel(name, *(entry for entry, _ in entries))
        return len(entries)

    def _read(self, fields: dict[bytes, bytes]) -> Pushed | None:
        """The signature is checked again: nothing is applied because it stands in a stream."""
        if self._push is None:
            return None
        match self._push.read(kept(fields), self._account.push_key):
            case Forged() | Unreadable() as nothing:
                log.warning("push_not_applied", account=self._account.name, why=nothing.why)
                return None
            case pushed:
                return pushed

    async def _apply(self, items: Sequence[Pushed]) -> None:
        reports = [item for item in items if isinstance(item, Report)]
        tokens = [item for item in items if isinstance(item, TokenReport)]
        # a submission whose answer was lost is known by our own id alone, any other by the provider's number
        await self._tracker.adopt({each.client_id: each.report.reference for each in tokens})
        await self._tracker.apply(
            [structs.replace(each.report, reference=each.client_id) for each in tokens], shelve=False
        )
        reports += [each.report for each in tokens]
        if reports:
            # where the reference is ours, the claim knows it before the wire does: an unknown one is not ours
            await self._tracker.apply(reports, shelve=not self._account.family.own_reference)
        for item in items:
            match item:
                case Report() | TokenReport():
                    continue
                case Incoming():
                    await self._incoming.take(item)
                case CallConfirmed():
                    await self._incoming.confirm(item)
                case _:
                    assert_never(item)
