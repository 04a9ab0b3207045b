"""One person out of the streams: entries with the number are deleted whole, unless a worker is to take them yet."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from producer.contract import keys
from producer.contract.client import Client, Fields
from producer.contract.exchanges import Kept
from producer.contract.messages import AccountName
from worker.forgetting.found import Found
from worker.forgetting.needle import Needle
from worker.ledger.journal import APPLIED

_ENTRIES_A_TRIP: Final = 20
"""A raw answer may have a megabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream to go through. `is_owed`: whether an entry is still to be taken by a worker. Counted as `what`."""

    key: str
    what: str
    is_owed: Callable[[bytes, Fields], bool]
    by_hand: bool = False  # people write numbers into it


class StreamEraser:
    """Takes one person out of streams. `served`: the accounts whose workers take what is on their streams."""

    def __init__(self, redis: Client, served: frozenset[str]) -> None:
        self._redis = redis
        self._served = served

    async def streams(self) -> list[Stream]:
        """All there are, in the order of their keys."""
        accounts = await self._redis.hgetall(keys.ACCOUNTS)
        found = [
            Stream(key=keys.AUDIT, what="audit", is_owed=_never, by_hand=True),
            Stream(key=keys.DEAD, what="dead", is_owed=_never, by_hand=True),
            Stream(key=keys.INCOMING, what="incoming", is_owed=_never, by_hand=True),
            Stream(key=keys.INTAKE, what="dead", is_owed=_always, by_hand=True),
        ]
        for name in map(AccountName, sorted(account.decode() for account in accounts)):
            is_served = name in self._served
            applied = await self._redis.hget(keys.cursors(name), APPLIED) or b"0-0"
            is_owed = _drained_behind(applied) if is_served else _never
            found.append(Stream(key=keys.journal(name), what="answers", is_owed=is_owed))
            found += [Stream(key=keys.exchanges(name, kind), what="answers", is_owed=_never) for kind in Kept]
            found.append(Stream(key=keys.pushed(name), what="answers", is_owed=_always if is_served else _never))
        return sorted(found, key=lambda stream: stream.key)

    async def step(self, stream: Stream, after: str, needle: Needle, found: Found) -> str:
        """Some entries behind the one `after` ('' for all); the last of them, empty when there are no more."""
        begin = f"({after}" if after else "-"
        entries = await self._redis.xrange(stream.key, min=begin, count=_ENTRIES_A_TRIP)
        wanted = []
        for entry, fields in entries:
            if not _has(fields, needle, by_hand=stream.by_hand):
                continue
            if stream.is_owed(entry, fields):
                found.waiting += 1
            else:
                wanted.append(entry)
        if wanted:
            erased = await self._redis.xdel(stream.key, *wanted)
            setattr(found, stream.what, getattr(found, stream.what) + erased)
        return entries[-1][0].decode() if len(entries) == _ENTRIES_A_TRIP else ""


def _has(fields: Fields, needle: Needle, *, by_hand: bool) -> bool:
    look = needle.is_written_in if by_hand else needle.is_in
    return any(look(value) for value in fields.values())


def _never(_entry: bytes, _fields: Fields) -> bool:
    return False


def _always(_entry: bytes, _fields: Fields) -> bool:
    return True


def _drained_behind(applied: bytes) -> Callable[[bytes, Fields], bool]:
    """A drained answer behind this entry is applied from the journal after a crash: the provider has it no more."""
    last = _place(applied)
    return lambda entry, fields: fields.get(b"call") == b"drain" and _place(entry) > last


def _place(entry: bytes) -> tuple[int, int]:
    ms, _, counter = entry.partition(b"-")
    return int(ms), int(counter or 0)
