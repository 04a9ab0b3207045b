"""Downloading one task's file, with patience: what breaks off is gone on with or begun anew, within the limits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from worker.asking import Asker
from worker.exporting.files import Kept, Part, StorageError, sweep_parts
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.exports import Exports
from worker.providers.reports import Refused
from worker.providers.requests import HttpRequest
from worker.providers.streams import Resume
from worker.settings import Account, Exporting
from worker.throttle import TooSoonError

_MOST_ATTEMPTS: Final = 5
_MOST_PAUSE: Final = 300.0
_TELL_EVERY: Final = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How far a download is: the attempt it is at, bytes so far, and why the one before ended."""

    number: int
    fetched: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """There is no file; `words` say why. Nothing is left of what came."""

    words: str


Tell = Callable[[Attempt], Awaitable[None]]


class Fetcher:
    """Downloads the files of one account's tasks, one at a time."""

    def __init__(self, account: Account, exports: Exports, asker: Asker, settings: Exporting) -> None:
        self._account = account
        self._exports = exports
        self._asker = asker
        self._settings = settings

    async def fetch(self, task: int, path: Path, tell: Tell) -> Kept | NotFetched:
        """The task's file under `path`, after at most five attempts; `tell` hears of each and once a second.

        Cancelled, it leaves no half file under any name.
        """
        request = self._exports.build_file(self._account.credentials, task)
        part = Part(path, lambda status, beginning: self._refusal(request, status, beginning) is not None)
        try:
            sweep_parts(path)
            return await self._patiently(request, part, tell)
        except StorageError as error:
            return NotFetched(words=f"the file cannot be written: {error}")
        finally:
            part.drop()

    async def _patiently(self, request: HttpRequest, part: Part, tell: Tell) -> Kept | NotFetched:
        words = ""
        for number in range(1, _MOST_ATTEMPTS + 1):
            if number > 1:
                await asyncio.sleep(min(self._settings.poll_every * 2 ** (number - 2), _MOST_PAUSE))
            await tell(Attempt(number=number, fetched=part.size, words=words))
            words = await self._telling(part, tell, number, self._once(request, part))
            if not words:
                return await part.keep()
            log.warning("export_broke_off", account=self._account.name, why=words, bytes=part.size)
        return NotFetched(words=words)

    async def _once(self, request: HttpRequest, part: Part) -> str:
        """One attempt: empty when the file is whole, else why it is not."""
        resume = Resume(start=part.size, validator=part.head.validator) if part.size and part.head.validator else None
        try:
            ending = await self._asker.stream(
                request,
                part,
                longest=self._settings.most_bytes,
                within=self._settings.download_timeout,
                resume=resume,
            )
        except TooSoonError as error:
            await asyncio.sleep(error.retry_in)
            return str(error)
        if isinstance(ending, NotSent | AnswerLost):
            return f"the download broke off: {ending.reason}"
        if not part.is_file():
            return await self._refused(request, part)
        if not ending.head.is_measured:
            log.warning("export_without_length", account=self._account.name)
        return ""

    async def _refused(self, request: HttpRequest, part: Part) -> str:
        refusal = self._refusal(request, part.head.status, part.beginning)
        if refusal is None or part.head.start:
            return "the answer goes on elsewhere than where it broke off"
        await self._asker.refused(request.call, refusal)
        return refusal.sentence

    def _refusal(self, request: HttpRequest, status: int, beginning: bytes) -> Refused | None:
        return self._exports.refusal(status, beginning, request.dialect)

    async def _telling(self, part: Part, tell: Tell, number: int, work: Awaitable[str]) -> str:
        """What `work` gives, while `tell` hears how many bytes there are."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_TELL_EVERY))[0]:
                await tell(Attempt(number=number, fetched=part.size))
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
