"""Building the sandbox's application and running it until it is told to stop."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson
from aiohttp import web

from ops.sandbox import happenings
from ops.sandbox.admin import Admin
from ops.sandbox.clock import Clock
from ops.sandbox.config import ConfigError, SandboxConfig
from ops.sandbox.gateway import Gateway
from ops.sandbox.pushing.addresses import is_loopback
from ops.sandbox.pushing.calling import Caller
from ops.sandbox.restv2 import routes as restv2
from ops.sandbox.smsc import routes as smsc

GATEWAY = web.AppKey("gateway", Gateway)


def create_app(config: SandboxConfig | None = None, clock: Clock | None = None) -> web.Application:
    """Build the application: both dialects and the admin address, told apart by path."""
    config = config or SandboxConfig()
    gateway = Gateway(config, clock or Clock())
    app = web.Application(client_max_size=config.most_bytes)
    app[GATEWAY] = gateway
    smsc.add_routes(app, gateway)
    restv2.add_routes(app, gateway)
    Admin(gateway).add_routes(app)
    happenings.add_routes(app, gateway)
    app.on_shutdown.append(_let_go)
    app.cleanup_ctx.append(_calling)
    return app


def check_host(host: str, *, any_address: bool) -> None:
    """Refuse to be reachable from outside unless told so; raises ConfigError."""
    if not any_address and not is_loopback(host):
        raise ConfigError(f"{host} is not a loopback address; --any-address allows it")


async def serve(config: SandboxConfig, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; the ready line on stdout names the address (port 0: the one chosen)."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(config), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        _announce(host, runner.addresses[0][1])
        await stop.wait()
    finally:
        await runner.cleanup()


def _announce(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(orjson.dumps({"sandbox": f"http://{shown}:{port}"}).decode() + "\n")
    sys.stdout.flush()


async def _calling(app: web.Application) -> AsyncIterator[None]:
    """Make callbacks while the application serves."""
    task = asyncio.create_task(Caller(app[GATEWAY]).run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _let_go(app: web.Application) -> None:
    app[GATEWAY].release()
