"""Redis itself: whether it keeps what it is told, and how much room it has."""

from dataclasses import dataclass

from producer.contract.client import Client


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


async def read_server(redis: Client) -> ServerReading:
    """Two round trips: INFO, and the snapshot settings where the server lets us read them."""
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
        is_replica=str(info.get("role", "master")) not in {"master", "primary"},
    )


def _persists(appends: bool, settings: object) -> bool | None:  # noqa: FBT001 - Redis' own flag
    if appends:
        return True
    if not isinstance(settings, dict):
        return None
    return any(bool(value) for value in settings.values())
