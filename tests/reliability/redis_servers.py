"""Redis servers on ports of this machine, as an operator would run them: primaries, replicas, Sentinels."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import STDOUT, Popen
from typing import Any, Final

import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from ops.redis_binary import find_server
from tests.support import PATIENCE, running

HOST: Final = "127.0.0.1"
SERVICE: Final = "volley-test"

_USUAL: Final = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "repl-diskless-sync-delay": "0"}
_QUICK: Final = {  # SENTINEL DEBUG: a Sentinel looks every 10 s by default
    "info-period": 200,
    "ask-period": 100,
    "publish-period": 200,
    "min-link-reconnect-period": 100,
    "election-timeout": 1000,
}


@dataclass
class PortServer:
    """One server on a port. `client` is a blocking one, for what a test does to the server."""

    port: int
    process: Popen[str]
    client: redis.Redis
    log: Path

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}"

    def info(self, name: str) -> Any:
        return self.client.info()[name]


@dataclass
class Watched:
    """A primary, its replica and three Sentinels, two of which must agree."""

    primary: PortServer
    replica: PortServer
    sentinels: list[PortServer]

    @property
    def url(self) -> str:
        places = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        return f"sentinel://{places}/{SERVICE}"


def fail_over(sentinel: PortServer) -> None:
    """Ask a Sentinel for a planned failover; on a busy machine it may not have heard of the replica just now."""

    def is_begun() -> bool:
        try:
            sentinel.client.execute_command("SENTINEL", "FAILOVER", SERVICE)
        except redis.ResponseError as error:
            if "NOGOODSLAVE" in str(error):
                return False
            if "INPROG" not in str(error):
                raise
        return True

    until(is_begun, "the failover begins")


@contextmanager
def port_server(folder: Path, **settings: Any) -> Iterator[PortServer]:
    """A server that keeps its data in `folder`; `settings` are its own, with `_` for `-`."""
    with _spawned(folder, _USUAL | {name.replace("_", "-"): str(value) for name, value in settings.items()}) as one:
        yield one


@contextmanager
def watched_servers(folder: Path, *, down_after: int = 500, **settings: Any) -> Iterator[Watched]:
    """Servers under Sentinel, once everybody knows everybody. `down_after`: ms until a silent primary is given up."""
    with ExitStack() as stack:
        primary = stack.enter_context(port_server(folder / "primary", **settings))
        replica = stack.enter_context(port_server(folder / "replica", **settings, replicaof=f"{HOST} {primary.port}"))
        until(lambda: replica.info("master_link_status") == "up", "the replica follows")
        sentinels = [
            stack.enter_context(_sentinel(folder / f"sentinel-{number}", primary.port, down_after))
            for number in range(3)
        ]
        for sentinel in sentinels:
            until(lambda one=sentinel: _knows_all(one), "a Sentinel knows all")
        yield Watched(primary=primary, replica=replica, sentinels=sentinels)


def until(check: Any, description: str, *, within: float = PATIENCE) -> None:
    """Wait, blocking, until `check()` is true; a server that does not answer yet is asked again."""
    ends = time.monotonic() + within
    while True:
        try:
            if check():
                return
        except (redis.ConnectionError, redis.TimeoutError):
            pass
        if time.monotonic() > ends:
            raise AssertionError(f"after {within:g} s still not: {description}")
        time.sleep(0.01)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as line:
        line.bind((HOST, 0))
        port: int = line.getsockname()[1]
        return port


@contextmanager
def _sentinel(folder: Path, primary: int, down_after: int) -> Iterator[PortServer]:
    lines = [
        f"sentinel monitor {SERVICE} {HOST} {primary} 2",
        f"sentinel down-after-milliseconds {SERVICE} {down_after}",
        f"sentinel failover-timeout {SERVICE} 3000",
    ]
    with _spawned(folder, {}, sentinel=lines) as one:
        for name, value in _QUICK.items():
            one.client.execute_command("SENTINEL", "DEBUG", name, value)
        yield one


def _knows_all(sentinel: PortServer) -> bool:
    known = sentinel.client.sentinel_master(SERVICE)
    return bool(known["num-slaves"] == 1 and known["num-other-sentinels"] == 2)


@contextmanager
def _spawned(folder: Path, settings: Mapping[str, str], *, sentinel: list[str] | None = None) -> Iterator[PortServer]:
    folder.mkdir(parents=True, exist_ok=True)
    port, conf, log = free_port(), folder / "server.conf", folder / "server.log"
    own = {"port": str(port), "bind": HOST, "dir": str(folder), **settings}
    conf.write_text(
        "\n".join([*(f"{name} {value or chr(34) * 2}" for name, value in own.items()), *(sentinel or ())])
    )
    command = [find_server().path, conf, *(["--sentinel"] if sentinel else [])]
    # a Sentinel hangs up on everybody when it demotes a server
    patient = {"retry": Retry(ConstantBackoff(0.05), 3), "retry_on_error": [redis.ConnectionError]}
    client = redis.Redis(HOST, port, socket_timeout=5, **patient)
    with log.open("a") as file, running(command, stdout=file, stderr=STDOUT) as process:
        until(client.ping, f"the server on port {port} answers: {log.read_text()[-500:]}")
        try:
            yield PortServer(port=port, process=process, client=client, log=log)
        finally:
            client.close()
