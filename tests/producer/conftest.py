"""A client of an empty Redis on which one account is announced, and a producer on it."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from producer.client import CampaignProducer
from producer.contract.client import Client
from producer.directory import announce
from producer.pool import connect
from tests.producer.asking import ATHENS


@pytest.fixture
async def client(redis: Redis, redis_url: str) -> AsyncIterator[Client]:
    made = connect(redis_url)
    await announce(made, [ATHENS])
    yield made
    await made.aclose()


@pytest.fixture
def producer(client: Client) -> CampaignProducer:
    return CampaignProducer(client)
