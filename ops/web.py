"""The web process: the dashboard, its JSON, Prometheus metrics and health, on one aiohttp application."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp_jinja2
import jinja2
import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.log import server_logger
from aiohttp.typedefs import Handler
from redis.exceptions import RedisError

from ops.dashboard import formats
from ops.dashboard.access import Access, Credentials, guard, make_link, protect
from ops.dashboard.acts import act
from ops.dashboard.frame import Frame, came_from
from ops.dashboard.rooms import ROOMS
from ops.dashboard.watch import Watch
from ops.errors import OpsError
from producer.contract.client import Client
from producer.pool import connect
from worker.callbacks import mount_configured

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8080

WATCH: Final = web.AppKey("watch", Watch)
FRAME: Final = web.AppKey("frame", Frame)

_DASHBOARD: Final = Path(__file__).parent / "dashboard"
_LARGEST_FORM: Final = 64 * 1024
_STOP_WITHIN: Final = 5.0
_READ_WITHIN: Final = 15.0
_LIMIT: Final = web.RequestKey("limit", asyncio.Timeout)

log = structlog.get_logger(__name__)


def create_app(redis: Client, *, access: Access | None = None) -> web.Application:
    """The application on `redis`. Without credentials it serves loopback names only, to whoever opens a link."""
    rule = access or Access()
    frame = Frame(redis, rule)
    middlewares = [protect(rule), _speak_plainly, _in_time, guard(rule, frame.sessions, frame.attempts)]
    app = web.Application(middlewares=middlewares, client_max_size=_LARGEST_FORM)
    app[FRAME] = frame
    app[WATCH] = frame.watch
    _set_up_templates(app)
    app.add_routes(frame.furnish(ROOMS))
    app.router.add_static("/static/", _DASHBOARD / "static")

    async def watching(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(frame.watch.run())
        yield
        await _end(task)

    async def closing(_: web.Application) -> None:
        frame.watch.close()

    async def clearing(_: web.Application) -> None:
        for clear in frame.closing:
            await clear()

    app.cleanup_ctx.append(watching)
    app.on_response_prepare.append(_take_time)
    app.on_shutdown.append(closing)
    app.on_cleanup.append(clearing)
    return app


async def serve(
    redis_url: str,
    host: str = DEFAULT_HOST,
    port: int | None = None,
    *,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until cancelled, or SIGTERM or SIGINT.

    `port` None is $PORT, or 8080; 0 is any free one. `on_ready` is told the address once it answers: without
    credentials in the environment a link that opens it once. Raises WebAccessError when the credentials cannot
    be used, or `host` is not loopback and there are none, and OSError when the port is taken.
    """
    credentials = Credentials.read(os.environ)
    credentials.check_host(host)
    redis = connect(redis_url)
    app = create_app(redis, access=Access(credentials=credentials))
    try:
        called = mount_configured(app, redis, redis_url)
    except ValueError as error:
        await redis.aclose()
        raise OpsError(f"the settings are wrong: {error}") from error
    runner = web.AppRunner(app, logger=_server_log(), access_log=None, shutdown_timeout=_STOP_WITHIN)
    with _told_to_stop() as told:
        try:
            await runner.setup()
            await web.TCPSite(runner, host, default_port() if port is None else port).start()
            address = _address(host, runner)
            log.info("web_started", address=address, callbacks=called)
            if on_ready is not None:
                on_ready(await _way_in(redis, address) if credentials.is_empty else address)
            await told.wait()
        finally:
            await runner.cleanup()
            await redis.aclose()


class _NoHttp(logging.Filter):
    """What comes in and is no HTTP is no error of ours: a line and no traceback, which would quote the request."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if record.levelno < logging.ERROR or not isinstance(error, HttpProcessingError):
            return True
        log.warning("request_unreadable", error=type(error).__name__)
        return False


_NO_HTTP: Final = _NoHttp()


def _server_log() -> logging.Logger:
    """Where aiohttp's server says what fails outside of every handler."""
    logger = server_logger.getChild("volley")
    logger.addFilter(_NO_HTTP)
    return logger


async def _way_in(redis: Client, address: str) -> str:
    """A one-time link; the bare address while Redis is away (`volley link` makes one later)."""
    try:
        return await make_link(redis, address)
    except RedisError as error:
        log.warning("link_not_made", error=type(error).__name__)
        return address


def default_port() -> int:
    """$PORT, as Procfile hosts give it, or 8080."""
    given = os.environ.get("PORT", "")
    return int(given) if given.isascii() and given.isdecimal() else DEFAULT_PORT


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel until it is over: before Python 3.12 a cancel that meets redis-py sending (wait_for) is swallowed."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)


def _address(host: str, runner: web.AppRunner) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{runner.addresses[0][1]}/"


@contextmanager
def _told_to_stop() -> Iterator[asyncio.Event]:
    """Set by SIGTERM or SIGINT."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    try:
        yield told
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _set_up_templates(app: web.Application) -> None:
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_DASHBOARD / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("number", "money", "rate", "duration", "latency", "since", "clock", "size", "share", "unix"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["act"] = act


@web.middleware
async def _speak_plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into an answer in words; nothing of the inside is shown."""
    try:
        return await handler(request)
    except web.HTTPMove as elsewhere:
        return web.Response(status=elsewhere.status, headers={"Location": str(elsewhere.location)})
    except web.HTTPException as error:
        return _said(request, error.status, error.text or error.reason)
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("page_without_redis", path=request.path, error=type(error).__name__)
        return _said(
            request, 503, "Redis does not answer. Check REDIS_URL and the server, then load this page again."
        )
    except Exception:
        log.exception("page_failed", path=request.path)
        return _said(request, 500, "This page failed. The log of the web process says why.")


@web.middleware
async def _in_time(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give up a page that is only read: on a Redis that hangs it would wait through every retry, for minutes."""
    if request.method not in {"GET", "HEAD"}:
        return await handler(request)
    async with asyncio.timeout(_READ_WITHIN) as limit:
        request[_LIMIT] = limit
        try:
            return await handler(request)
        finally:
            del request[_LIMIT]


async def _take_time(request: web.Request, _: web.StreamResponse) -> None:
    """A stream that has begun (a file, the live updates) may take as long as it takes."""
    if _LIMIT in request:
        request[_LIMIT].reschedule(None)


def _said(request: web.Request, status: int, words: str) -> web.Response:
    if request.path.startswith("/api/"):
        return web.json_response({"error": words}, status=status)
    back = came_from(request) if request.method == "POST" else "/"
    values = {"status": status, "words": words, "back": back}
    return request.app[FRAME].page("message.html", request, values, status=status)
