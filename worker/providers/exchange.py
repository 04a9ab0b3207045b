"""The one place that speaks HTTP with providers: a request goes out once, and ends in one of three ways.

An answer; *not sent* (no byte of it left this host, so it may simply be sent later); or *answer lost*
(bytes may have left, so it may have been acted on). The line between the last two is drawn where aiohttp
is about to write the request, not guessed from the kind of error.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final, Self

import aiohttp
from aiohttp import (
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    StreamReader,
    TCPConnector,
)
from aiohttp.connector import Connection
from yarl import URL

from worker.providers.addresses import checked_base_url
from worker.providers.encoding import body_of
from worker.providers.requests import LONGEST_ANSWER, Answer, HttpRequest
from worker.providers.streams import Resume, Sink, Streamed, head_of, range_fields

_IDLE: Final = 4.0
"""Seconds an unused connection is kept. A request on a connection that the server is closing is an answer
lost, and restv2 has no way to find out; common servers keep theirs 5 s (Apache) to 75 s (nginx)."""

_STALLED: Final = 60.0
"""Seconds without a byte after which a streamed answer is lost."""

NOTHING_LONGER: Final[Mapping[str, int]] = MappingProxyType({})

_HEADERS: Final = {"User-Agent": "volley"}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """No byte of the request left this host. `reason` is one of a few fixed phrases, fit for a log line."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLost:
    """Bytes may have left, and no whole answer came. `reason` is one of a few fixed phrases."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """No byte of the request left this host, because its caller did not let it go any more."""


MayLeave = Callable[[], Awaitable[bool]]
"""Asked when there is a connection, right before the first byte: waits for the request's turn; False withholds it."""


class _WithheldError(Exception):
    """Ends a request that may not leave."""


@dataclass(slots=True)
class _Departure:
    """Whether writing one request has begun."""

    may_leave: MayLeave | None = None
    begun: bool = False


_departing: Final[ContextVar[_Departure]] = ContextVar("departing")


class _Request(ClientRequest):
    """A request that marks its departure when it has a connection and is about to write its first byte.

    aiohttp's traces tell the same at a fifth of a request's whole cost.
    """

    async def send(self, conn: Connection) -> ClientResponse:
        """As aiohttp's; called once the connection is there."""
        departure = _departing.get()
        if departure.may_leave is not None and not await departure.may_leave():
            raise _WithheldError
        departure.begun = True
        return await super().send(conn)


class Exchange:
    """The connections to one provider account. Make it inside a running event loop, and close it.

    `connections` is how many there may be at once; a request that finds none free within `connect_timeout`
    is not sent. `total_timeout` covers everything from `ask` to the last byte. Times in seconds. An answer of more
    bytes than `longest` has for its call, or `longest_answer` where it has none, is lost.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connections: int,
        total_timeout: float = 30.0,
        connect_timeout: float = 5.0,
        longest: Mapping[str, int] = NOTHING_LONGER,
        longest_answer: int = LONGEST_ANSWER,
    ) -> None:
        self._base = checked_base_url(base_url)
        self._longest = longest
        self._longest_usual = longest_answer
        self._connect_timeout = connect_timeout
        self._dated = ("", 0.0)  # the Date of the last answer, and when it came
        self._urls: dict[str, URL] = {}
        self._session = ClientSession(
            connector=TCPConnector(limit=connections, ttl_dns_cache=300, keepalive_timeout=_IDLE),
            timeout=ClientTimeout(total=total_timeout, connect=connect_timeout),
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
            request_class=_Request,
            trust_env=False,
        )

    async def ask(self, request: HttpRequest) -> Answer | NotSent | AnswerLost:
        """POST `request` once: never repeated, never redirected; a status of 500 is an answer too.

        When it is cancelled, the caller must take the answer as lost.
        """
        if self._session.closed:
            return NotSent(reason="closed")
        departure = _Departure()
        _departing.set(departure)
        try:
            return await self._post(request)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            return _ending(error, departure)

    async def ask_when(self, request: HttpRequest, may_leave: MayLeave) -> Answer | NotSent | AnswerLost | Withheld:
        """As `ask`, but the request leaves when `may_leave` lets it: how long connecting took shifts no turn.

        A cancellation before the first byte withholds it too, and is swallowed; one after it is raised.
        """
        if self._session.closed:
            return NotSent(reason="closed")
        departure = _Departure(may_leave=may_leave)
        _departing.set(departure)
        try:
            return await self._post(request)
        except _WithheldError:
            return Withheld()
        except asyncio.CancelledError:
            if departure.begun:
                raise
            return Withheld()
        except (aiohttp.ClientError, OSError) as error:
            return _ending(error, departure)

    async def stream(
        self, request: HttpRequest, sink: Sink, *, longest: int, within: float, resume: Resume | None = None
    ) -> Streamed | NotSent | AnswerLost:
        """POST `request` once, and hand its answer to `sink` piece by piece: at most `longest` bytes in `within`
        seconds. Only for requests that change nothing. What the sink raises goes through.
        """
        if self._session.closed:
            return NotSent(reason="closed")
        departure = _Departure()
        _departing.set(departure)
        try:
            return await self._pour(request, sink, longest, within, resume)
        except (aiohttp.ClientError, OSError) as error:
            return _ending(error, departure)

    @property
    def clock_ahead(self) -> float | None:
        """Seconds that the provider's clock was ahead of ours at the last answer, exact to a second and the
        answer's way; None while no answer had a Date.
        """
        date, came_at = self._dated
        try:
            return parsedate_to_datetime(date).timestamp() + 0.5 - came_at  # half a second is lost on average
        except (ValueError, OverflowError):
            return None

    async def close(self) -> None:
        """Close all connections; a later `ask` is not sent."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            url = self._urls[path] = self._base / path.lstrip("/")
        return url

    async def _post(self, request: HttpRequest) -> Answer | AnswerLost:
        # aiohttp repeats a request on a connection lost only for idempotent methods (aiohttp 3.14,
        # `retry_persistent_connection`); a test holds it to that
        async with self._session.post(
            self._url(request.path),
            data=body_of(request),
            headers=_JSON if request.is_json else _FORM,
            allow_redirects=False,
        ) as response:
            self._dated = (response.headers.get("Date", ""), time.time())
            body = await _whole(response.content, self._longest.get(request.call, self._longest_usual))
            if body is None:
                response.close()
                return AnswerLost(reason="answer too long")
            return Answer(status=response.status, body=body, dialect=request.dialect)

    async def _pour(
        self,
        request: HttpRequest,
        sink: Sink,
        longest: int,
        within: float,
        resume: Resume | None,
    ) -> Streamed | AnswerLost:
        async with self._session.post(
            self._url(request.path),
            data=body_of(request),
            headers=(_JSON if request.is_json else _FORM) | range_fields(resume),
            allow_redirects=False,
            timeout=ClientTimeout(total=within, connect=self._connect_timeout, sock_read=_STALLED),
        ) as response:
            head = head_of(response.status, response.headers)
            sink.begin(head)
            taken = 0
            async for piece in response.content.iter_any():
                taken += len(piece)
                if taken > longest:
                    response.close()
                    return AnswerLost(reason="answer too long")
                if not await sink.take(piece):
                    response.close()
                    break
            return Streamed(head=head, bytes=taken)


async def _whole(content: StreamReader, longest: int) -> bytes | None:
    """The body, or None when it is longer than it may be. Mostly it is there in one piece."""
    body = await content.readany()
    if not content.at_eof():
        pieces = bytearray(body)
        while len(pieces) <= longest and not content.at_eof():
            pieces += await content.readany()
        body = bytes(pieces)
    return body if len(body) <= longest else None


def _ending(error: Exception, departure: _Departure) -> NotSent | AnswerLost:
    """Which of the two endings without an answer this is."""
    if departure.begun:
        return AnswerLost(reason=_lost(error))
    return NotSent(reason=_unsent(error))


def _unsent(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "name not resolved"
        case aiohttp.ClientSSLError() | aiohttp.ServerFingerprintMismatch():
            return "TLS failed"
        case asyncio.TimeoutError():
            return "connect timeout"
        case _:
            return "no connection"


def _lost(error: Exception) -> str:
    match error:
        case asyncio.TimeoutError():
            return "answer timeout"
        case aiohttp.ClientPayloadError():
            return "answer cut off"
        case aiohttp.ClientResponseError():
            return "answer malformed"
        case _:
            return "connection lost"
