"""What is known of accounts: whether they may send and why not, their balance, totals, plain words."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from producer.contract.scripts import Script
from worker.providers.outcomes import Block
from worker.providers.reports import Balance

_BLOCK: Final = Script("worker.ledger", "block")
_DOUBT: Final = Script("worker.ledger", "doubt")
_TRUST: Final = Script("worker.ledger", "trust")

OPEN: Final = "open"

OPENS_IN: Final = {Block.ADDRESS: 300.0, Block.UNREACHABLE: 5.0}
"""Seconds until a block ends by itself (PROVIDERS.md A3, error 4); money and credentials are probed instead, and
an account with doubtful answers is tried with one request."""
_ENDING: Final = (b"address", b"unreachable")

LONGEST_DOUBT: Final = 300.0
"""Seconds for which an account with doubtful answers is closed at most before it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBook:
    """The writer of account hashes. Every process shares what one of them learns."""

    redis: Client

    async def block(self, name: AccountName, state: str, *, code: str, words: str, seconds: float) -> bool:
        """Close the account for `seconds`, then it is probed or opens; True when it was open until now."""
        answer = await _BLOCK.run(self.redis, [keys.account(name)], [state, code, words[:200], int(seconds)])
        return bool(answer)

    async def doubt(self, name: AccountName, *, code: str, words: str, seconds: float) -> float:
        """Close an account whose answers cannot be read for `seconds`, or twice as long as the last time; then it is
        tried. For how many seconds; 0 when it is closed already, or paused, or under a block that says more.
        """
        args: list[str | int] = [code, words[:200], int(seconds), int(LONGEST_DOUBT)]
        return float(await _DOUBT.run(self.redis, [keys.account(name)], args))

    async def trust(self, name: AccountName, *, untried: float = 0.0) -> bool:
        """Open an account that was closed by `doubt`, and no other; True when it was. `untried`: only when it could
        have been tried for so many seconds, and there was nothing to send.
        """
        return bool(await _TRUST.run(self.redis, [keys.account(name)], [int(untried)]))

    async def open(self, name: AccountName) -> None:
        """Let the account send again, unless an operator paused it."""
        if await self.state(name) != "paused":
            await self.redis.hset(keys.account(name), "state", OPEN)

    async def state(self, name: AccountName) -> str:
        """`open`, `paused`, or the block it is under. A block that ends by itself is over when its time is."""
        state, until = await self.redis.hmget(keys.account(name), ["state", "until"])
        is_over = state in _ENDING and float(until or 0) <= time.time()
        return OPEN if state is None or is_over else state.decode()

    async def note_balance(self, name: AccountName, balance: Balance, at: float) -> None:
        """Keep the balance and the unix time it was seen."""
        fields = {"balance": str(balance.amount), "currency": balance.currency, "balance_at": str(int(at))}
        await self.redis.hset(keys.account(name), mapping=fields)

    async def note(self, name: AccountName, fields: Mapping[str, str]) -> None:
        """Keep other facts for the page: last report, last poll, budget."""
        await self.redis.hset(keys.account(name), mapping=dict(fields))

    async def fact(self, name: AccountName, field: str) -> str:
        """What `note` kept under `field`; empty when nothing."""
        return (await self.redis.hget(keys.account(name), field) or b"").decode()

    async def note_report(self, name: AccountName) -> None:
        """Keep when the account's last delivery report came."""
        await self.note(name, {"report_at": str(int(time.time()))})

    async def explain(self, name: AccountName, words: Mapping[str, str]) -> None:
        """Keep plain words for reason codes."""
        if words:
            await self.redis.hset(keys.words(name), mapping={code: text[:200] for code, text in words.items()})

    async def add(self, name: AccountName, totals: Mapping[str, int]) -> None:
        """Add to the account's totals, in one round trip."""
        if not totals:
            return
        async with self.redis.pipeline(transaction=False) as pipe:
            for field, count in totals.items():
                pipe.hincrby(keys.totals(name), field, count)
            await pipe.execute()
