"""The bodies that our scripts put together are arq's own."""

import asyncio

import pytest
from arq.connections import ArqRedis
from arq.jobs import deserialize_job
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from producer.contract.jobs import JOB_LIFE, JOB_PREFIX, SEND_MESSAGE, send_body


@given(message_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_a_body_is_read_back_by_arq_whatever_the_id(message_id: str) -> None:
    job = deserialize_job(send_body(message_id))
    assert (job.function, job.args, job.kwargs, job.job_try) == (SEND_MESSAGE, (message_id,), {}, None)


@pytest.mark.parametrize("message_id", ["spring/0.0", "a/1.2", "x" * 64 + "/123456.499"])
async def test_a_body_says_what_a_stock_enqueue_would_write(redis: Redis, message_id: str) -> None:
    pool = ArqRedis(redis.connection_pool)
    await pool.enqueue_job(SEND_MESSAGE, message_id, _job_id="stock")
    stock = deserialize_job(await redis.get(f"{JOB_PREFIX}stock"))
    ours = deserialize_job(send_body(message_id))
    assert ours.function == stock.function
    assert ours.args == stock.args
    assert ours.kwargs == stock.kwargs
    assert ours.job_try == stock.job_try
    assert abs((ours.enqueue_time - stock.enqueue_time).total_seconds()) < 5
    await redis.delete("arq:queue")


async def test_the_body_that_lua_writes_is_the_body_that_python_writes(redis: Redis, redis_url: str) -> None:
    """Also beyond 255 bytes of id, where the length takes a second byte."""
    from tests.worker.scene import scene  # noqa: PLC0415 - only this test needs the worker

    campaign = "c" * 64
    async with scene(redis_url) as stage:
        messages = await stage.fed(campaign, 2)
        for message in messages:
            body = await redis.get(JOB_PREFIX + str(message))
            assert deserialize_job(body).args == (str(message),)
            assert 0 < await redis.ttl(JOB_PREFIX + str(message)) <= JOB_LIFE
        single = await stage.producer.send_one(account_name="athens", to="306910000000", text="x")
        assert deserialize_job(await redis.get(JOB_PREFIX + str(single))).args == (str(single),)
    await asyncio.sleep(0)
