"""The journal: raw provider answers, written before anything is read from them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from producer.contract import keys
from producer.contract.client import Client, Value
from producer.contract.messages import AccountName

APPLIED: Final = "applied"
"""Field of the account's cursors: drained answers up to this entry are applied, and need no replay."""

_MOST_BODY: Final = 1024 * 1024

_MOST_ASKED: Final = 16 * 1024

Pairs = Iterable[tuple[str, str]]


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

    async def write(
        self,
        account: AccountName,
        call: str,
        status: int,
        body: bytes,
        *,
        form: str = "",
        asked: Pairs = (),
        longest: int = _MOST_BODY,
    ) -> str:
        """Keep a raw answer; returns the entry's id once it is in Redis.

        `asked`: the fields of the request without credentials; an answer about one message may not name it.
        `longest`: bytes of the body that are kept; more than usual where it may have to be read from here.
        """
        fields: dict[str, Value] = {"call": call, "status": status, "body": body[:longest]}
        more: dict[str, Value] = {"form": form, "asked": asked_field(asked)}
        entry = await self.redis.xadd(
            keys.journal(account),
            fields | {name: value for name, value in more.items() if value},
            maxlen=self.length,
            approximate=True,
        )
        return bytes(entry).decode()

    async def since(self, account: AccountName, after: str, *, most: int = 20) -> list[JournalEntry]:
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


def asked_field(asked: Pairs) -> bytes:
    """The fields of a request as an entry has them: `name=value` with `&` between, nothing quoted, cut."""
    return "&".join(f"{name}={value}" for name, value in asked).encode(errors="replace")[:_MOST_ASKED]
