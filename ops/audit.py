"""The audit log: what operators did, in a bounded Redis stream. Who, what, when, before and after."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ops.readings.fields import text
from producer.contract import keys
from producer.contract.client import Client

LENGTH: Final = 10_000
"""Entries that are kept, about; older ones go."""

_LONGEST: Final = 500


@dataclass(slots=True, kw_only=True)
class Act:
    """One action while it is done: its doer says what was before it, and what is after it, or why it failed."""

    before: str = ""
    after: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action as it was kept. `id` is the stream's; `failure` is empty when it was done."""

    id: str
    at: datetime
    who: str
    action: str
    target: str
    before: str
    after: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Some entries, newest first; `older` is where the next page begins, empty when there is none."""

    entries: tuple[AuditEntry, ...]
    older: str = ""


class AuditLog:
    """The log of one Redis. Every door that operators act through writes here: the page, the command line."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    @asynccontextmanager
    async def acting(self, who: str, action: str, target: str, *, before: str = "") -> AsyncIterator[Act]:
        """Around an action: it is written when it is over, also when it failed or was broken off.

        A process that dies in the middle of an action writes nothing of it.
        """
        act = Act(before=before)
        failure = "broken off"
        try:
            yield act
            failure = act.failure
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            await self.write(who, action, target, before=act.before, after=act.after, failure=failure)

    async def write(
        self, who: str, action: str, target: str, *, before: str = "", after: str = "", failure: str = ""
    ) -> None:
        """Write one entry. Texts are cut at 500 characters; never put a message's text or a full MSISDN in."""
        given = {"who": who, "action": action, "target": target, "before": before, "after": after, "failure": failure}
        fields = {name: value[:_LONGEST].encode(errors="backslashreplace") for name, value in given.items() if value}
        await self._redis.xadd(keys.AUDIT, fields, maxlen=LENGTH, approximate=True)

    async def read(self, *, before: str = "", limit: int = 50) -> AuditPage:
        """A page of entries, newest first, older than the entry `before`; one round trip."""
        top = f"({before}" if before else "+"
        found = await self._redis.xrevrange(keys.AUDIT, max=top, count=limit + 1)
        entries = tuple(_entry(entry.decode(), fields) for entry, fields in found[:limit])
        return AuditPage(entries=entries, older=entries[-1].id if len(found) > limit else "")


def at_terminal() -> str:
    """Who acts on the command line; in a container there may be no name for it."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError, ImportError):
        return "command line"


def _entry(entry_id: str, fields: dict[bytes, bytes]) -> AuditEntry:
    names = ("who", "action", "target", "before", "after", "failure")
    return AuditEntry(
        id=entry_id,
        at=datetime.fromtimestamp(int(entry_id.partition("-")[0]) / 1000, UTC),
        **{name: text(fields, name) for name in names},
    )
