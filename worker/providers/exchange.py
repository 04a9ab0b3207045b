"""The one place that speaks HTTP with providers: a request goes out once, and ends in one of three ways.

An answer; *not sent* (no byte of it left this host, so it may simply be sent later); or *answer lost*
(bytes may have left, so it may have been acted on). The line between the last two is drawn where aiohttp
is about to write the request, not guessed from the kind of error.
"""

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final, Self
from urllib.parse import urlencode

import aiohttp
import orjson
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, TraceConfig
from yarl import URL

from worker.providers.interface import Answer, HttpRequest
from worker.providers.streams import Resume, Sink, Streamed, head_of, range_fields

LONGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes, after decompression. The longest answer asked for is a history page: a thousand rows of 1 KB."""

_IDLE: Final = 4.0
"""Seconds an unused connection is kept. A request on a connection that the server is closing is an answer
lost, and restv2 has no way to find out; common servers keep theirs 5 s (Apache) to 75 s (nginx)."""

_STALLED: Final = 60.0
"""Seconds without a byte after which a streamed answer is lost."""

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


@dataclass(slots=True)
class _Departure:
    """Whether writing one request has begun; set by the session's trace."""

    begun: bool = False


class Exchange:
    """The connections to one provider account. Make it inside a running event loop, and close it.

    `connections` is how many there may be at once; a request that finds none free within `connect_timeout`
    is not sent. `total_timeout` covers everything from `ask` to the last byte. Times in seconds.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connections: int,
        total_timeout: float = 30.0,
        connect_timeout: float = 5.0,
        longest_answer: int = LONGEST_ANSWER,
    ) -> None:
        self._base = _checked(base_url)
        self._longest = longest_answer
        self._connect_timeout = connect_timeout
        self._session = ClientSession(
            connector=TCPConnector(limit=connections, ttl_dns_cache=300, keepalive_timeout=_IDLE),
            timeout=ClientTimeout(total=total_timeout, connect=connect_timeout),
            cookie_jar=DummyCookieJar(),
            headers=_HEADERS,
            trace_configs=[_departures()],
            trust_env=False,
        )

    async def ask(self, request: HttpRequest) -> Answer | NotSent | AnswerLost:
        """POST `request` once: never repeated, never redirected; a status of 500 is an answer too.

        When it is cancelled, the caller must take the answer as lost.
        """
        if self._session.closed:
            return NotSent(reason="closed")
        departure = _Departure()
        try:
            return await self._post(request, departure)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
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
        try:
            return await self._pour(request, sink, longest, within, resume, departure)
        except (aiohttp.ClientError, OSError) as error:
            return _ending(error, departure)

    async def close(self) -> None:
        """Close all connections; a later `ask` is not sent."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _post(self, request: HttpRequest, departure: _Departure) -> Answer | AnswerLost:
        # aiohttp repeats a request on a connection lost only for idempotent methods (aiohttp 3.14,
        # `retry_persistent_connection`); a test holds it to that
        async with self._session.post(
            self._base / request.path.lstrip("/"),
            data=_body(request),
            headers=_JSON if request.is_json else _FORM,
            allow_redirects=False,
            trace_request_ctx=departure,
        ) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > self._longest:
                    response.close()
                    return AnswerLost(reason="answer too long")
            return Answer(status=response.status, body=bytes(body), dialect=request.dialect)

    async def _pour(
        self,
        request: HttpRequest,
        sink: Sink,
        longest: int,
        within: float,
        resume: Resume | None,
        departure: _Departure,
    ) -> Streamed | AnswerLost:
        async with self._session.post(
            self._base / request.path.lstrip("/"),
            data=_body(request),
            headers=(_JSON if request.is_json else _FORM) | range_fields(resume),
            allow_redirects=False,
            timeout=ClientTimeout(total=within, connect=self._connect_timeout, sock_read=_STALLED),
            trace_request_ctx=departure,
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


def _checked(base_url: str) -> URL:
    """The base URL, if it is one; it is not repeated in the error, because a password may be in it."""
    try:
        url = URL(base_url)
        host = url.host or ""
        host.encode("idna")  # what resolving will do; a UnicodeError there would be no OSError
    except ValueError:
        raise ValueError("base_url is not a URL with a possible host name") from None
    if url.scheme not in {"http", "https"} or not host:
        raise ValueError("base_url must begin with https:// (or http://) and a host name")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise ValueError("base_url must be a host and perhaps a path: no user, password, query or fragment")
    return url


def _body(request: HttpRequest) -> bytes:
    """The form with its credentials. Half a surrogate pair is no letter in any alphabet: it leaves as `?`."""
    fields, charset = (*request.form, *request.credentials), request.dialect.charset or "utf-8"
    if request.is_json:
        return orjson.dumps({name: value.encode(errors="replace").decode() for name, value in fields})
    return urlencode(fields, encoding=charset, errors="replace").encode("ascii")


def _departures() -> TraceConfig:
    """A trace that marks the `_Departure` of a request when aiohttp is about to write its first byte."""
    trace = TraceConfig()
    trace.on_request_headers_sent.append(_depart)
    return trace


async def _depart(_: ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.begun = True


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
