"""One person out of all that Volley keeps, piece by piece: campaigns, streams, the accounts' books, files.

Nothing is indexed by number, so everything is gone through once, in constant memory. A piece tells where to go on:
a worker that dies in one costs a piece that is done again, and who asked sees how far it is.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import orjson
import structlog

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.exports import ExportRecord
from producer.contract.messages import AccountName, CampaignId
from producer.drafting import Drafts
from producer.orders import OrderBook
from worker.exporting.files import StorageError
from worker.forgetting.accounts import erase_from_account
from worker.forgetting.blanking import blank, is_ours
from worker.forgetting.files import files_of, look_into
from worker.forgetting.found import Found
from worker.forgetting.needle import Needle
from worker.forgetting.recipients import REPLACE, RecipientEraser
from worker.forgetting.streams import StreamEraser
from worker.ledger import Ledger, LedgerReader

_PIECE: Final = 1.0
"""Seconds of one job: other jobs of the control queue run beside it."""

log = structlog.get_logger(__name__)

Place = tuple[str, str, str]
"""Kind, name, how far in it: `campaign` name and chunk, `stream` key and entry, `account` name, `file` and byte."""

_BEGIN: Final[Place] = ("campaign", "", "")
_KINDS: Final = ("campaign", "stream", "account", "file")


class _Owner(NamedTuple):
    """The export that a file is of: key and field of its record, and the record as it is kept."""

    key: str
    task: bytes
    data: bytes
    record: ExportRecord


class Forgetter:
    """Erases one person. Safe at any time, twice, beside workers. `folder`: where this host keeps exported files."""

    def __init__(
        self, redis: Client, ledger: Ledger, reader: LedgerReader, served: Iterable[str], folder: Path | None
    ) -> None:
        self._redis = redis
        self._recipients = RecipientEraser(redis, ledger, reader)
        self._streams = StreamEraser(redis, frozenset(served))
        self._folder = folder

    async def step(
        self, needle: Needle, cursor: str, *, cancel: bool = False, seconds: float = _PIECE
    ) -> tuple[str, Found]:
        """A piece from `cursor` on (empty: from the beginning); where to go on (empty: all is done), what was found.

        `cancel` ends messages that were not claimed yet. Raises ValueError for a cursor that this did not give.
        """
        if not cursor:
            await Drafts(self._redis).drop_all()  # who is in one is known to nobody, and it can be uploaded again
            await OrderBook(self._redis).forget(needle.msisdn)
        place: Place | None = _read(cursor) if cursor else _BEGIN
        found, ends = Found(), time.monotonic() + seconds
        while place is not None:
            place = await self._next(place, needle, found, cancel=cancel, seconds=seconds)
            if time.monotonic() >= ends:
                break
        return orjson.dumps(place).decode() if place else "", found

    async def _next(
        self, place: Place, needle: Needle, found: Found, *, cancel: bool, seconds: float
    ) -> Place | None:
        match place:
            case ("campaign", name, at):
                return await self._campaign(name, at, needle, found, cancel=cancel)
            case ("stream", key, after):
                return await self._stream(key, after, needle, found)
            case ("account", name, _):
                return await self._account(name, needle, found)
            case (_, path, offset):
                return await self._file(path, offset, needle, found, seconds)

    async def _campaign(self, name: str, at: str, needle: Needle, found: Found, *, cancel: bool) -> Place | None:
        if name and at:
            chunk = await self._recipients.step(CampaignId(name), int(at), needle, found, cancel=cancel)
            return ("campaign", name, "" if chunk is None else str(chunk))
        following = await self._recipients.following(name)
        return ("campaign", following, "0") if following else ("stream", "", "")

    async def _stream(self, key: str, after: str, needle: Needle, found: Found) -> Place:
        """Entries behind `after` of the stream `key`; the stream behind it when `after` is `end`."""
        streams = await self._streams.streams()
        stream = next((each for each in streams if each.key == key and after != "end"), None)
        if stream is not None:
            last = await self._streams.step(stream, after, needle, found)
            return ("stream", key, last or "end")
        following = next((each.key for each in streams if each.key > key), "")
        return ("stream", following, "") if following else ("account", "", "")

    async def _account(self, name: str, needle: Needle, found: Found) -> Place:
        """The account behind the one of this name."""
        names = sorted(account.decode() for account in await self._redis.hgetall(keys.ACCOUNTS))
        following = next((each for each in names if each > name), "")
        if not following:
            return ("file", "", "")
        account = AccountName(following)
        await erase_from_account(self._redis, account, needle, found)
        for data in (await self._redis.hgetall(keys.exports(account))).values():
            file = ExportRecord.unpack(data).file
            if file and not await asyncio.to_thread(Path(file).exists):
                found.elsewhere.append(file)
        return ("account", following, "")

    async def _file(self, path: str, offset: str, needle: Needle, found: Found, seconds: float) -> Place | None:
        """The file at `path` from a byte on, or the one behind it."""
        if path and offset:
            go_on = await self._rows(Path(path), int(offset), needle, found, seconds)
            return ("file", path, "" if go_on is None else str(go_on))
        files = await asyncio.to_thread(files_of, self._folder)
        following = next((each for each in files if each > path), "")
        return ("file", following, "0") if following else None

    async def _rows(self, path: Path, offset: int, needle: Needle, found: Found, seconds: float) -> int | None:
        """Overwrite the rows with the number, unless the file is being used or is nobody's; where to go on."""
        owner = await self._owner(path)
        if is_ours(path) and (owner is None or owner.record.state.is_over):
            try:
                blanked = await asyncio.to_thread(blank, path, offset, needle, seconds=seconds)
            except StorageError:
                log.exception("exported_file_unwritable", file=path.name)
            else:
                found.rows += blanked.rows
                if blanked.rows and owner is not None:
                    await self._changed(owner)
                return blanked.go_on
        is_there, go_on = await asyncio.to_thread(look_into, path, offset, needle, seconds=seconds)
        if is_there:
            found.files.append(str(path))
        return go_on

    async def _owner(self, path: Path) -> _Owner | None:
        """The export that a file is of."""
        for name in await self._redis.hgetall(keys.ACCOUNTS):
            key = keys.exports(AccountName(name.decode()))
            for task, data in (await self._redis.hgetall(key)).items():
                record = ExportRecord.unpack(data)
                if record.file == str(path):
                    return _Owner(key, task, data, record)
        return None

    async def _changed(self, owner: _Owner) -> None:
        """The file is no longer what was hashed: whoever wants to apply it again fetches it anew."""
        record = replace(owner.record, sha256="")
        await REPLACE.run(self._redis, [owner.key], ["hash", owner.task, owner.data, record.pack()])


def _read(cursor: str) -> Place:
    try:
        match orjson.loads(cursor):
            case [str(kind), str(name), str(at)] if kind in _KINDS:
                return (kind, name, at)
    except orjson.JSONDecodeError:
        pass
    raise ValueError(f"not a cursor: {cursor[:80]!r}")
