"""The control queue's loop is stock arq's: a Redis that is away must neither end it nor use up its places."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from arq.worker import func
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from producer.contract import keys
from producer.pool import connect
from tests.support import wait_until
from worker.engine import ControlWorker, control


async def test_an_outage_longer_than_there_are_places_does_not_stop_the_loop(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """arq takes one of its 50 places for a job, and kept it when Redis failed before the job had begun. The first
    error ended the process anyway.
    """
    monkeypatch.setattr(control, "_AFTER_ERROR", 0.0)
    monkeypatch.setattr(control, "_POLL", 0.001)
    client = connect(redis_url)
    ran: list[str] = []

    async def tidy(_: dict[str, Any], word: str) -> None:
        ran.append(word)

    failed = 0
    usual = client.pipeline

    def failing(*, transaction: bool = True) -> Any:
        nonlocal failed
        if transaction and failed < 120:  # without one arq asks what Redis it is, once, at its start
            failed += 1
            raise RedisConnectionError("away")
        return usual(transaction=transaction)

    await client.enqueue_job("tidy", "up", _queue_name=keys.CONTROL_TRACK)
    monkeypatch.setattr(client, "pipeline", failing)
    loop = ControlWorker(keys.CONTROL_TRACK, client, [func(tidy, name="tidy")])
    task = asyncio.create_task(loop.async_run())
    await wait_until(lambda: ran == ["up"], description="the job has run")
    await wait_until(lambda: loop.job_counter == 0, description="its place is free")
    await loop.stop(1)
    with suppress(asyncio.CancelledError):
        await task
    assert failed == 120
    await client.aclose()
