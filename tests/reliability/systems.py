"""Systems for reliability tests: Volley on a Redis that the test may break, with the sandbox as its provider."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from producer.client import CampaignProducer
from producer.pool import connect
from tests.support import wait_until
from tests.support_provider import Provider
from tests.support_system import System, numbers

Accounts = Mapping[str, Mapping[str, Any]]


@asynccontextmanager
async def system_on(url: str, provider: Provider, folder: Path, accounts: Accounts) -> AsyncIterator[System]:
    """A system whose Redis is at `url`; settings and logs in `folder`."""
    redis = connect(url)
    async with CampaignProducer.connected(url) as producer:
        yield System(
            redis=redis,  # type: ignore[arg-type]
            redis_url=url,
            provider=provider,
            folder=folder,
            producer=producer,
            accounts=accounts,
        )
    await redis.aclose()


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
