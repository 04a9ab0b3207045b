"""The Redis server itself: whether it keeps what it is told, how much room it has, what is wrong with it."""

from dataclasses import dataclass
from typing import Any, Final

from producer.contract.client import Client

_PRIMARY: Final = frozenset({"master", "primary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReading:
    """Facts of the Redis server. Memory is in bytes; `memory_limit` 0 means none is set, `machine` what its host has.

    `persists` is whether anything is written to disk, `writes_fail` whether the last such write failed;
    None: the server does not say. `appends`: by an append-only file, `fsync` how often that is forced to disk.
    `evicted` counts keys thrown away since its start.
    """

    product: str = "Redis"
    version: str = ""
    memory: int = 0
    memory_limit: int = 0
    policy: str = "noeviction"
    clients: int = 0
    persists: bool | None = None
    writes_fail: bool = False
    appends: bool = False
    fsync: str = ""
    machine: int = 0
    evicted: int = 0
    is_cluster: bool = False
    is_replica: bool = False

    @property
    def may_evict(self) -> bool:
        """Whether the server would throw keys away when memory runs out."""
        return self.memory_limit > 0 and self.policy != "noeviction"

    @property
    def is_full(self) -> bool:
        """Whether it refuses writes because its memory is used up."""
        return 0 < self.memory_limit <= self.memory and not self.may_evict


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Something about the server that breaks a promise. `name` is its section in ops/RUNBOOK.md.

    `is_grave`: messages may be lost or sent twice, or nothing works; otherwise somebody should look at it.
    """

    name: str
    wrong: str
    remedy: str
    is_grave: bool = True


async def read_server(redis: Client) -> ServerReading:
    """One round trip: INFO, and the settings of its disk where the server lets us read them."""
    async with redis.pipeline(transaction=False) as pipe:
        pipe.info()
        pipe.config_get("save")
        pipe.config_get("appendfsync")
        info, settings, fsync = await pipe.execute(raise_on_error=False)
    if isinstance(info, Exception):
        raise info
    failed = [info.get("aof_last_write_status", "ok"), info.get("rdb_last_bgsave_status", "ok")]
    return ServerReading(
        product="Valkey" if "valkey_version" in info else "Redis",
        version=str(info.get("valkey_version") or info.get("redis_version", "")),
        memory=int(info.get("used_memory", 0)),
        memory_limit=int(info.get("maxmemory", 0)),
        policy=str(info.get("maxmemory_policy", "noeviction")),
        clients=int(info.get("connected_clients", 0)),
        persists=_persists(bool(info.get("aof_enabled")), settings),
        writes_fail=any(status != "ok" for status in failed),
        appends=bool(info.get("aof_enabled")),
        fsync=str(fsync.get("appendfsync", "")) if isinstance(fsync, dict) else "",
        machine=int(info.get("total_system_memory", 0)),
        evicted=int(info.get("evicted_keys", 0)),
        is_cluster=bool(info.get("cluster_enabled")),
        is_replica=str(info.get("role", "master")) not in _PRIMARY,
    )


def concerns(server: ServerReading) -> list[Concern]:
    """Everything about the server that is not as it should be, the worst first."""
    return [concern for concern, is_so in _checks(server) if is_so]


def _checks(server: ServerReading) -> list[tuple[Concern, bool]]:
    return [*_of_kind(server), *_of_memory(server), *_of_disk(server)]


def _of_kind(server: ServerReading) -> list[tuple[Concern, bool]]:
    cluster = Concern(
        name="redis-cluster",
        wrong="Redis runs as a cluster, which cannot work: one script touches several keys.",
        remedy="Point REDIS_URL at a primary without cluster mode.",
    )
    replica = Concern(
        name="redis-replica",
        wrong="REDIS_URL leads to a replica, which takes no writes.",
        remedy="Point REDIS_URL at the primary, or at the Sentinels: sentinel://host:port/service.",
    )
    return [(cluster, server.is_cluster), (replica, server.is_replica)]


def _of_memory(server: ServerReading) -> list[tuple[Concern, bool]]:
    full = Concern(
        name="redis-memory",
        wrong=f"Redis is full ({_mega(server.memory)} of {_mega(server.memory_limit)} MB) and refuses what is new.",
        remedy="Raise maxmemory (CONFIG SET works at once); workers and producers go on by themselves.",
    )
    evicts = Concern(
        name="redis-may-evict",
        wrong=f"Redis throws keys away when its memory is full (maxmemory-policy {server.policy}).",
        remedy="Set maxmemory-policy to noeviction.",
    )
    return [(full, server.is_full), (evicts, server.may_evict)]


def _of_disk(server: ServerReading) -> list[tuple[Concern, bool]]:
    failing = Concern(
        name="redis-cannot-write",
        wrong="Redis cannot write to its disk.",
        remedy="Look at the server's log and its disk; what is sent now may be forgotten.",
    )
    forgetful = Concern(
        name="redis-not-persistent",
        wrong="Redis keeps nothing on disk: a restart would lose every campaign.",
        remedy="Turn appendonly on.",
    )
    snapshots = Concern(
        name="redis-only-snapshots",
        wrong="Redis writes snapshots only: a crash forgets what came after the last one, and sends it again.",
        remedy="Turn appendonly on.",
        is_grave=False,
    )
    lazy = Concern(
        name="redis-lazy-disk",
        wrong="Redis does not say when its file reaches the disk (appendfsync no): half a minute may be lost.",
        remedy="Set appendfsync to everysec.",
        is_grave=False,
    )
    return [
        (failing, server.writes_fail),
        (forgetful, server.persists is False),
        (snapshots, bool(server.persists) and not server.appends),
        (lazy, server.appends and server.fsync == "no"),
    ]


def _persists(appends: bool, settings: Any) -> bool | None:  # noqa: FBT001 - Redis' own flag; Any: CONFIG, or its error
    if appends:
        return True
    if not isinstance(settings, dict):
        return None
    return any(bool(value) for value in settings.values())


def _mega(size: int) -> str:
    return f"{size / 2**20:,.0f}"
