"""The journal: raw provider answers, written before anything is read from them."""

from dataclasses import dataclass
from typing import Final

from producer.contract import keys
from producer.contract.client import Client, Value
from producer.contract.messages import AccountName

APPLIED: Final = "applied"
"""Field of the account's cursors: drained answers up to this entry are applied, and need no replay."""

_MOST_BODY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One raw answer: which call it answered, the HTTP status, the bytes (cut at one megabyte).

    `form` is the format that was asked for, in the provider's word; empty: the family's default.
    """

    id: str
    call: str
    status: int
    body: bytes
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One stream per account, trimmed to about `length` entries."""

    redis: Client
    length: int

    async def write(self, account: AccountName, call: str, status: int, body: bytes, *, form: str = "") -> str:
        """Keep a raw answer; returns the entry's id once it is in Redis."""
        fields: dict[str, Value] = {"call": call, "status": status, "body": body[:_MOST_BODY]}
        entry = await self.redis.xadd(
            keys.journal(account),
            fields | ({"form": form} if form else {}),
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
                form=fields.get(b"form", b"").decode(),
            )
            for entry_id, fields in rows
        ]
