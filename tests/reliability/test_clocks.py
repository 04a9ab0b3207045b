"""A producer whose clock is wrong: what it hands over is due now, by Redis' clock."""

import time

import pytest
from redis.asyncio import Redis

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.messages import AccountName
from producer.directory import announce
from producer.pool import connect
from tests.contract.receiving import ATHENS


@pytest.mark.parametrize("ahead", [-3600.0, 3600.0])
async def test_an_urgent_message_of_a_producer_with_a_wrong_clock_is_due_at_once(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    """Its job carried the producer's time: a password was sent an hour late, from a host that was an hour ahead."""
    client = connect(redis_url)
    await announce(client, [ATHENS])
    real = time.time
    monkeypatch.setattr("producer.intake.time.time", lambda: real() + ahead)
    message = await CampaignProducer(client).send_one(account_name="athens", to="+306912345678", text="4711")
    monkeypatch.undo()

    seconds, _ = await redis.time()
    [(job, due)] = await redis.zrange(keys.queue(AccountName("athens"), Lane.URGENT), 0, -1, withscores=True)
    assert job == str(message).encode()
    assert abs(due / 1000 - seconds) < 60
    [(_, created)] = await redis.zrange(keys.CAMPAIGNS, 0, -1, withscores=True)
    assert abs(created - seconds) < 60
    await client.aclose()
