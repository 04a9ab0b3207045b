"""What the wire's tests share: a receiver that runs, an announced account, and reading what became of entries."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.messages import AccountName
from producer.contract.options import SendOption
from producer.directory import AccountEntry, announce
from producer.pool import connect
from tests.support import wait_until
from worker.receiving import GROUP, Receiver

ATHENS = AccountEntry(
    name=AccountName("athens"),
    family="restv2",
    host="net2sms.gr",
    login="0123456789abcdef",
    rate=5.0,
    in_flight=4,
    batch=1,
    longest_text=1000,
    sender="ACME",
    default_region="GR",
    options=(
        SendOption(name="flash", meaning="flash SMS", choices=("true", "false")),
        SendOption(name="timestamp", meaning="when to send", least=0, most=10**11),
        SendOption(name="imgcode", meaning="captcha", pattern="[0-9a-z]+", needs="userip", single=True),
        SendOption(name="userip", meaning="address", single=True),
    ),
)


@asynccontextmanager
async def receiver(redis_url: str, *, idle: float = 60.0, patience: float = 0.3) -> AsyncIterator[Receiver]:
    """A receiver on its own connections, with the account `athens` announced."""
    client = connect(redis_url)
    try:
        await announce(client, [ATHENS])
        yield Receiver(client, CampaignProducer(client), "test-consumer", idle=idle, patience=patience)
    finally:
        await client.aclose()


@asynccontextmanager
async def running(received_by: Receiver) -> AsyncIterator[asyncio.Task[None]]:
    """Its loop as a task; what ends it by itself is raised here."""
    task = asyncio.create_task(received_by.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def take_all(redis: Redis, redis_url: str) -> None:
    """Run a receiver until the intake stream is empty and nothing is pending."""
    async with receiver(redis_url) as made, running(made) as task:
        await settled(redis, task)


async def settled(redis: Redis, task: "asyncio.Task[None] | None" = None) -> None:
    """Wait until every entry was taken or buried."""

    async def is_settled() -> bool:
        if task is not None and task.done():
            task.result()
        return await redis.xlen(keys.INTAKE) == 0 and await pending(redis) == 0

    await wait_until(is_settled, description="every intake entry is settled")


async def pending(redis: Redis) -> int:
    """Entries that were read and are not settled."""
    if not await redis.exists(keys.INTAKE):
        return 0
    groups = await redis.xinfo_groups(keys.INTAKE)
    return sum(group["pending"] for group in groups if group["name"] == GROUP.encode())


async def put(redis: Redis, kind: str, body: bytes | str, *, version: str = "1") -> bytes:
    """One entry as any service would put it."""
    return await redis.xadd(keys.INTAKE, {"v": version, "type": kind, "body": body})


async def dead(redis: Redis) -> Sequence[Mapping[str, str]]:
    """The dead-letter entries, oldest first."""
    return [
        {name.decode(): value.decode(errors="replace") for name, value in fields.items()}
        for _, fields in await redis.xrange(keys.DEAD)
    ]
