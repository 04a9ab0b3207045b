"""How a request comes in and an answer goes out: the only part of the gateway that waits or touches a connection."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ops.sandbox.accounts import Account
from ops.sandbox.books import Call
from ops.sandbox.gateway import Gateway, Reply, Visit
from ops.sandbox.parameters import Parameters, salvage
from ops.sandbox.scenarios import Fault

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Read = Callable[[bytes, bytes], Parameters | None]
Salvage = Callable[[bytes, bytes], Parameters]
Decide = Callable[[Gateway, Visit], Reply]
Choose = Callable[[Parameters | None], tuple[Call, Decide]]

_HTML: Final = "text/html; charset=utf-8"
_SORRY: Final = b"<html><head><title>503 Service Unavailable</title></head><body>Try later</body></html>"
_MAINTENANCE: Final = b"<html><head><title>Maintenance</title></head><body>We are back soon</body></html>"
_GARBAGE: Final = b'\x00\xff{"id": 1, "c<<<\xfe not an answer'


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a family says at the door: who is it, and why not (None: come in)."""

    identify: Callable[[Gateway, Parameters], Account | None]
    stranger: Callable[[Parameters], Reply]
    unreadable: Callable[[Parameters], Reply]
    turned_away: Callable[[Visit], Reply | None]


class Door:
    """Makes the HTTP handlers of one family."""

    def __init__(self, gateway: Gateway, dialect: Dialect) -> None:
        self._gateway = gateway
        self._dialect = dialect

    def handler(self, read: Read, choose: Choose, salvaged: Salvage = salvage) -> Handler:
        """Make the handler of one path: read, choose the call, identify, decide, answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            query, body = request.rel_url.raw_query_string.encode(), await request.read()
            parameters = read(query, body)
            call, decide = choose(parameters)
            if parameters is None:
                self._gateway.strangers[call] += 1
                return respond(self._dialect.unreadable(salvaged(query, body)))
            account = self._dialect.identify(self._gateway, parameters)
            if account is None:
                self._gateway.strangers[call] += 1
                return respond(self._dialect.stranger(parameters))
            arrived = self._gateway.clock.monotonic()
            visit = self._gateway.visit(account, parameters, arrived, call)
            account.books.enter(call, arrived)
            try:
                return await self._serve(request, visit, decide)
            finally:
                account.books.leave(call)

        return handle

    async def _serve(self, request: web.Request, visit: Visit, decide: Decide) -> web.StreamResponse:
        if visit.account.switches.maintenance:
            return respond(Reply(body=_MAINTENANCE, content_type=_HTML))
        turned_away = self._dialect.turned_away(visit)
        if turned_away is not None:
            return respond(turned_away)
        await visit.account.doors_open.wait()
        if request.transport is None:  # the client left while the doors were closed: nothing was read
            return web.Response()
        reply = decide(self._gateway, visit)
        await self._hold(visit.account, reply)
        if reply.stream is not None:
            return await _streamed(request, reply, reply.stream)
        if reply.fault in {Fault.DROPPED, Fault.LOST}:
            return _hang_up(request)
        return respond(distorted(reply))

    async def _hold(self, account: Account, reply: Reply) -> None:
        if reply.fault is Fault.SLOW:
            await self._gateway.clock.sleep(self._gateway.config.slow_for)
        if account.switches.latency:
            await self._gateway.clock.sleep(account.switches.latency)
        await account.answers_flow.wait()


def distorted(reply: Reply) -> Reply:
    """Replace what a fault replaces."""
    match reply.fault:
        case Fault.UNAVAILABLE | Fault.UNAVAILABLE_AFTER:
            return Reply(body=_SORRY, content_type=_HTML, status=503)
        case Fault.GARBAGE:
            return Reply(body=_GARBAGE, content_type=reply.content_type)
        case Fault.EMPTY:
            return Reply(body=b"", content_type=reply.content_type)
        case _:
            return reply


async def _streamed(request: web.Request, reply: Reply, stream: Iterator[bytes]) -> web.StreamResponse:
    """Send a long body piece by piece; a lost one ends without its end."""
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": reply.content_type})
    await response.prepare(request)
    for piece in stream:
        await response.write(piece)
    return _hang_up(request) if reply.fault is Fault.LOST else response


def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def respond(reply: Reply) -> web.Response:
    """Write a reply as it is."""
    return web.Response(body=reply.body, status=reply.status, headers={"Content-Type": reply.content_type})
