"""Systems for reliability tests: Volley on a Redis that the test may break, with the sandbox as its provider."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ops.redis_server import RedisServer
from producer.client import CampaignProducer
from producer.pool import connect
from tests.support import wait_until
from tests.support_fixtures import accounts_of
from tests.support_provider import Provider, provider_at, sandbox_process
from tests.support_system import System, numbers

Accounts = Mapping[str, Mapping[str, Any]]


@asynccontextmanager
async def system_on(
    url: str, provider: Provider, folder: Path, accounts: Accounts, **sections: Mapping[str, Any]
) -> AsyncIterator[System]:
    """A system whose Redis is at `url`; settings and logs in `folder`. `sections`: of its settings."""
    redis = connect(url)
    async with CampaignProducer.connected(url) as producer:
        yield System(
            redis=redis,  # type: ignore[arg-type]
            redis_url=url,
            provider=provider,
            folder=folder,
            producer=producer,
            accounts=accounts,
            **sections,
        )
    await redis.aclose()


@asynccontextmanager
async def system_in(
    folder: Path, sandbox: Sequence[str], accounts: Accounts, **sections: Mapping[str, Any]
) -> AsyncIterator[tuple[System, RedisServer]]:
    """A system with a Redis server and a sandbox of its own; each account has its name as login."""
    with RedisServer(folder / "redis") as server, sandbox_process([*sandbox, *accounts_of(*accounts)]) as url:
        async with (
            provider_at(url) as provider,
            system_on(server.url, provider, folder, accounts, **sections) as system,
        ):
            yield system, server


async def submit(system: System, **totals: int) -> None:
    """A campaign on each account that is named, of so many recipients; account and campaign have one name."""
    for name, total in totals.items():
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(total)
        )


async def until_accepted(system: System, account: str, count: int) -> None:
    """Wait until the provider has accepted so many messages of `family/login`."""

    async def has_come() -> bool:
        return await system.provider.accepted(account) >= count

    await wait_until(has_come, description=f"{count} accepted by {account}", timeout=30)
