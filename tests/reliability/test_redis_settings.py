"""A Redis that may forget is told of: by a worker at its start, by the verdict of the page, by `volley health`."""

import asyncio
import json
import os
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from ops.dashboard.watch import Watch
from ops.readings import Level
from producer.directory import announce
from producer.pool import connect
from producer.server import ServerReading, concerns, read_server
from tests.contract.receiving import ATHENS
from tests.reliability.redis_servers import port_server, watched_servers
from tests.reliability.systems import system_on
from tests.support import CHECKOUT
from tests.support_provider import Provider
from tests.support_system import account, log_of

ACCOUNTS = {"athens": account("restv2", "north", rate=80, in_flight=8)}

# settings of a server -> what is said of it
WRONG: list[tuple[dict[str, Any], str, Level]] = [
    ({"maxmemory": "100mb", "maxmemory_policy": "allkeys-lru"}, "redis-may-evict", Level.WRONG),
    ({"maxmemory": "100mb", "maxmemory_policy": "volatile-ttl"}, "redis-may-evict", Level.WRONG),
    ({"appendonly": "no"}, "redis-not-persistent", Level.WRONG),
    ({"appendonly": "no", "save": "3600 1"}, "redis-only-snapshots", Level.NOTICE),
    ({"appendfsync": "no"}, "redis-lazy-disk", Level.NOTICE),
    ({"maxmemory": "500kb"}, "redis-memory", Level.WRONG),
]
IDS = ["allkeys", "volatile", "nothing", "snapshots", "lazy", "full"]


@pytest.mark.parametrize(("settings", "name", "level"), WRONG, ids=IDS)
async def test_the_verdict_names_what_is_wrong_with_the_server(
    settings: dict[str, Any], name: str, level: Level, tmp_path: Path
) -> None:
    with port_server(tmp_path / "redis") as server:
        client = connect(server.url)
        await announce(client, [ATHENS])
        for setting, value in settings.items():
            server.client.config_set(setting.replace("_", "-"), value)
        watch = Watch(client)
        await watch.look()
        said = watch.verdict()
        assert (said.name, said.level) == (name, level)
        assert said.wrong
        assert said.remedy
        await client.aclose()


async def test_nothing_is_said_of_a_server_that_is_right(tmp_path: Path) -> None:
    with port_server(tmp_path / "redis", maxmemory="100mb", maxmemory_policy="noeviction") as server:
        client = connect(server.url)
        assert concerns(await read_server(client)) == []
        await client.aclose()


async def test_a_policy_that_evicts_is_told_of_from_the_moment_there_is_a_limit(tmp_path: Path) -> None:
    """The runbook says so, in `redis-may-evict`: without a limit nothing is thrown away."""
    with port_server(tmp_path / "redis", maxmemory_policy="allkeys-lru") as server:
        client = connect(server.url)
        assert concerns(await read_server(client)) == []
        server.client.config_set("maxmemory", "100mb")
        assert [concern.name for concern in concerns(await read_server(client))] == ["redis-may-evict"]
        await client.aclose()


async def test_a_replica_is_told_of(tmp_path: Path) -> None:
    with watched_servers(tmp_path, down_after=60_000) as watched:  # nobody is to take its primary for dead
        client = connect(watched.replica.url)
        assert [concern.name for concern in concerns(await read_server(client))] == ["redis-replica"]
        await client.aclose()


def test_a_host_that_does_not_tell_its_settings_is_believed() -> None:
    """Managed services forbid CONFIG: without an append-only file nothing is known of snapshots and replicas."""
    assert concerns(ServerReading(persists=None)) == []


async def test_a_worker_tells_at_its_start_and_works(provider: Provider, tmp_path: Path) -> None:
    wrong = {"appendonly": "no", "maxmemory": "100mb", "maxmemory_policy": "allkeys-lru"}
    with port_server(tmp_path / "redis", **wrong) as server:
        async with system_on(server.url, provider, tmp_path, ACCOUNTS) as system:
            async with system.worker("send") as sender:
                pass
            events = [json.loads(line) for line in log_of(sender).splitlines()]
            told = {event["name"]: event["remedy"] for event in events if event["event"] == "redis_setting_wrong"}
            assert set(told) == {"redis-may-evict", "redis-not-persistent"}
            assert all(told.values())
            health = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ops.cli", "health", "--json"),
                env=os.environ | system.environment,
                cwd=CHECKOUT,
                stdout=PIPE,
            )
            said, _ = await health.communicate()
            assert set(json.loads(said)["concerns"]) == set(told)
