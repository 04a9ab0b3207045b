"""The journal: raw provider answers, written before anything is read from them."""

from dataclasses import dataclass
from typing import Final

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName

_MOST_BODY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One raw answer: which call it answered, the HTTP status, the bytes (cut at one megabyte)."""

    id: str
    call: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One stream per account, trimmed to about `length` entries."""

    redis: Client
    length: int

    async def write(self, account: AccountName, call: str, status: int, body: bytes) -> str:
        """Keep a raw answer; returns the entry's id once it is in Redis."""
        entry = await self.redis.xadd(
            keys.journal(account),
            {"call": call, "status": status, "body": body[:_MOST_BODY]},
            maxlen=self.length,
            approximate=True,
        )
        return bytes(entry).decode()

    async def since(self, account: AccountName, after: str, *, most: int = 100) -> list[JournalEntry]:
        """Entries after the id `after` ('0' for all), oldest first."""
        rows = await self.redis.xrange(keys.journal(account), min=f"({after}" if after != "0" else "-", count=most)
        return [
            JournalEntry(
                id=entry_id.decode(),
                call=fields[b"call"].decode(),
                status=int(fields[b"status"]),
                body=fields[b"body"],
            )
            for entry_id, fields in rows
        ]
