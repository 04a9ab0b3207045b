"""Provider calls other than sending: the call's own window first, then the account's throttle, then the wire."""

import asyncio
from contextlib import nullcontext, suppress
from typing import Final

import structlog
from redis.exceptions import RedisError

from worker.ledger.accounts import OPENS_IN, AccountBook
from worker.providers.exchange import AnswerLost, Exchange, NotSent
from worker.providers.outcomes import Block
from worker.providers.reports import Refused
from worker.providers.requests import Answer, HttpRequest
from worker.providers.streams import Resume, Sink, Streamed
from worker.settings import Account
from worker.throttle import Crowd, Gate, Waiting, Windows

_NOT_NOW: Final = frozenset({Block.ADDRESS, Block.UNREACHABLE, Block.CREDENTIALS})
_LONGEST_WAIT: Final = 10.0
_PROBE_EVERY: Final = 60.0
_RENEW_EVERY: Final = 5.0
_NO_ROOM: Final = "the throttle had no room"

log = structlog.get_logger(__name__)


class Asker:
    """Asks one account's provider. Every request counts against the limits that all processes share."""

    def __init__(
        self,
        account: Account,
        exchange: Exchange,
        gate: Gate,
        windows: Windows,
        book: AccountBook,
        *,
        crowd: Crowd | None = None,
        probe_every: float = _PROBE_EVERY,
    ) -> None:
        self._crowd = crowd
        self._probe_every = probe_every
        self._account = account
        self._exchange = exchange
        self._gate = gate
        self._windows = windows
        self._book = book

    async def ask(self, request: HttpRequest, *, probe: bool = False) -> Answer | None:
        """The answer, or None when there was none. `probe`: ask even while the account is blocked.

        Raises TooSoonError when the call's documented window is full, or too many of it are on their way; nothing
        has left then.
        """
        if not probe and await self._book.state(self._account.name) in _NOT_NOW:
            return None
        answer = await self.attempt(request)
        return answer if isinstance(answer, Answer) else None

    async def attempt(self, request: HttpRequest) -> Answer | NotSent | AnswerLost:
        """The answer, or why there is none; also while the account is blocked. Raises TooSoonError like `ask`."""
        async with self._crowd.place(request) if self._crowd else nullcontext():
            return await self._attempt(request)

    async def _attempt(self, request: HttpRequest) -> Answer | NotSent | AnswerLost:
        place = await self._windows.enter(request)
        if not await self._admitted():
            return NotSent(reason=_NO_ROOM)
        try:
            if not await self._gate.pace(_LONGEST_WAIT, probe=True):
                return NotSent(reason=_NO_ROOM)
            await place.leave()
            answer = await self._exchange.ask(request)
        finally:
            self._gate.left()
        await place.over()
        if not isinstance(answer, Answer):
            log.warning("call_without_answer", account=self._account.name, call=request.call, reason=answer.reason)
        return answer

    async def stream(
        self, request: HttpRequest, sink: Sink, *, longest: int, within: float, resume: Resume | None = None
    ) -> Streamed | NotSent | AnswerLost:
        """Like `attempt`, for an answer that is too long to be held. Its slot is renewed for as long as it takes."""
        place = await self._windows.enter(request)
        if not await self._admitted():
            return NotSent(reason=_NO_ROOM)
        try:
            if not await self._gate.pace(_LONGEST_WAIT, probe=True):
                return NotSent(reason=_NO_ROOM)
            await place.leave()
            renewing = asyncio.create_task(self._renew())
            try:
                ending = await self._exchange.stream(request, sink, longest=longest, within=within, resume=resume)
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
        finally:
            self._gate.left()
        if not isinstance(ending, Streamed):
            log.warning("call_without_answer", account=self._account.name, call=request.call, reason=ending.reason)
        return ending

    async def refused(self, call: str, refusal: Refused) -> None:
        """Act on an error answer: slow down, or block the account."""
        log.warning("call_refused", account=self._account.name, call=call, code=refusal.code)
        await self._book.explain(self._account.name, {refusal.code: refusal.words})
        if refusal.congested:
            await self._gate.slow_down(refusal.code)
        if refusal.block is not None:
            await self._book.block(
                self._account.name,
                refusal.block,
                code=refusal.code,
                words=refusal.words,
                seconds=OPENS_IN.get(refusal.block, self._probe_every),
            )

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            with suppress(RedisError, OSError):  # the slot of a download is not worth the download
                await self._gate.idle()

    async def _admitted(self) -> bool:
        """One permit of the shared throttle; gives up after some seconds, the next turn comes anyway."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _LONGEST_WAIT
        while loop.time() < ends:
            match await self._gate.admit(1, probe=True):
                case Waiting(seconds=seconds):
                    await asyncio.sleep(min(max(seconds, 0.01), 0.5))
                case admission:
                    await asyncio.sleep(admission.opens_in)
                    return True
        return False
