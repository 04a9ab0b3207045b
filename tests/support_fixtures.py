"""Fixtures of the story and flow tests: a provider with quick statuses, and the whole system on a private Redis."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from redis.asyncio import Redis

from producer.client import CampaignProducer
from tests.support_provider import Provider, provider_at, sandbox_process
from tests.support_system import System, account

TIMES: Final = ("--enroute-after", "0.1", "--final-after", "0.4", "--slow-for", "30")
LOGINS: Final = ("north", "south", "east")


def accounts_of(*logins: str) -> list[str]:
    """Sandbox options: an account of each login in both families."""
    return [word for who in logins for word in ("--account", f"login={who},secret={who}-secret,key={who}-key")]


@pytest.fixture(scope="session")
def quick_sandbox_url() -> Iterator[str]:
    with sandbox_process([*TIMES, *accounts_of(*LOGINS)]) as url:
        yield url


@pytest.fixture
async def provider(quick_sandbox_url: str) -> AsyncIterator[Provider]:
    async with provider_at(quick_sandbox_url) as found:
        yield found


@pytest.fixture
async def system(redis: Redis, redis_url: str, provider: Provider, tmp_path: Path) -> AsyncIterator[System]:
    """Two accounts: `moscow` speaks smsc, ten messages a request; `athens` speaks restv2."""
    accounts = {
        "moscow": account("smsc", "north", rate=100, in_flight=10, batch=10),
        "athens": account("restv2", "north", rate=200, in_flight=8),
    }
    async with CampaignProducer.connected(redis_url) as producer:
        yield System(
            redis=redis,
            redis_url=redis_url,
            provider=provider,
            folder=tmp_path,
            producer=producer,
            accounts=accounts,
        )
