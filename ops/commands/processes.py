"""`volley worker` and `volley web`: the long-running processes, on REDIS_URL or the embedded Redis."""

import asyncio
from typing import Final

import click

from ops.errors import OpsError
from ops.programs import program, run_until_it_ends, surroundings
from ops.redis_local import redis_url
from producer.logs import LogSettingsError, configure_logs

_PORT: Final = 8080


@click.command
@click.argument("role", type=click.Choice(["send", "track", "all"]))
def worker(*, role: str) -> int:
    """Run a worker: `send` submits messages, `track` follows them to their end, `all` does both.

    Settings: volley.toml, or the file that VOLLEY_CONFIG names. SIGTERM stops it in order.
    """
    with redis_url() as url:
        return run_until_it_ends(program("worker", role), surroundings(url))


@click.command
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), envvar="PORT", default=_PORT, show_default="$PORT or 8080")
def web(*, host: str, port: int) -> None:
    """Run the web page: campaigns, accounts, queues, workers; /metrics and /health.

    Without users (VOLLEY_WEB_USERS) and tokens (VOLLEY_WEB_TOKEN, VOLLEY_WEB_VIEWER_TOKEN) it serves this machine
    alone, and prints a link that opens it once.
    """
    from ops.web import serve  # noqa: PLC0415  # the page's dependencies are not those of a worker

    try:
        configure_logs()
    except LogSettingsError as error:
        raise OpsError(str(error)) from error
    with redis_url() as url:
        try:
            asyncio.run(serve(url, host, port, on_ready=lambda address: click.echo(f"The page: {address}")))
        except OSError as error:
            raise OpsError(
                f"cannot listen on {host}:{port}: {error.strerror or error}; give another --port"
            ) from error
