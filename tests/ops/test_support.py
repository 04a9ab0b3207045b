"""The tests' own tools: a check that cannot fail is no check."""

import sys
from subprocess import PIPE

import pytest
from redis.asyncio import Redis

from producer.contract import keys
from producer.contract.messages import AccountName
from tests.support import first_line, key_leaks, running, wait_until


async def test_a_key_without_catalogue_row_is_a_leak(redis: Redis) -> None:
    await redis.set("volley:surprise:1", "x")
    assert await key_leaks(redis) == ["key 'volley:surprise:1' is not in the catalogue of producer/contract/keys.py"]
    await redis.flushall()


async def test_a_key_that_should_expire_and_does_not_is_a_leak(redis: Redis) -> None:
    forever, passing = (keys.once(AccountName("moscow"), name) for name in ("forever", "passing"))
    await redis.set(forever, "x")
    await redis.set(passing, "x", ex=60)
    [leak] = await key_leaks(redis)
    assert "no TTL" in leak
    assert forever in leak
    await redis.flushall()


async def test_every_test_begins_with_an_empty_redis(redis: Redis) -> None:
    assert await redis.dbsize() == 0


async def test_waiting_in_vain_names_what_was_waited_for() -> None:
    with pytest.raises(AssertionError, match=r"after 0\.02 s still not: the moon is full \(last: None\)"):
        await wait_until(lambda: None, description="the moon is full", timeout=0.02)


async def test_waiting_gives_the_first_true_value_of_an_async_check() -> None:
    values = iter((0, None, "now"))

    async def check() -> object:
        return next(values)

    assert await wait_until(check, description="a value") == "now"


def test_a_process_that_ends_silently_fails_with_its_status() -> None:
    with (
        running([sys.executable, "-c", "raise SystemExit(3)"], stdout=PIPE) as process,
        pytest.raises(AssertionError, match="ended with 3"),
    ):
        first_line(process)
