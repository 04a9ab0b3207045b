"""Scripts are found by their hash, and loaded again when the server has forgotten them."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.scripts import Script, execute
from producer.pool import connect
from worker.ledger import scripts

TAKE = Script("worker.engine", "take")


def taking(most: int) -> list[str | int]:
    """Arguments: a lease of a minute, and so many jobs at most."""
    return [60_000, keys.CONTROL_SEND, most]


@pytest.fixture
async def client(redis: Redis, redis_url: str) -> AsyncIterator[Client]:
    made = connect(redis_url)
    yield made
    await made.aclose()


async def test_a_forgotten_script_is_loaded_again(client: Client, redis: Redis) -> None:
    for _ in range(3):
        await redis.script_flush()
        assert await TAKE.run(client, [keys.queue("a", "bulk")], taking(1)) == [[]]


async def test_a_pipeline_loads_a_forgotten_script_and_keeps_the_order(client: Client, redis: Redis) -> None:
    await redis.script_flush()
    for place in range(1, 5):
        await redis.zadd(keys.queue(f"a{place}", "bulk"), {f"c/0.{i}": 1 for i in range(place)})
    calls = [([keys.queue(f"a{place}", "bulk")], taking(9)) for place in range(5)]
    answers = await execute(client, TAKE, calls)
    assert [len(taken) for [taken] in answers] == [0, 1, 2, 3, 4]


async def test_every_call_of_a_pipeline_runs_once_whatever_was_forgotten(client: Client, redis: Redis) -> None:
    name = keys.queue("a", "bulk")
    await redis.zadd(name, {f"c/0.{place}": 1 for place in range(10)})
    await redis.script_flush()
    answers = await execute(client, TAKE, [([name], taking(2))] * 5)
    taken = [job for [jobs] in answers for job in jobs]
    assert len(taken) == len(set(taken)) == 10


async def test_no_calls_are_no_round_trip(client: Client) -> None:
    assert await execute(client, TAKE, []) == []


async def test_the_scripts_own_errors_are_raised(client: Client, redis: Redis) -> None:
    await redis.set(keys.queue("a", "bulk"), "no queue")
    with pytest.raises(ResponseError):
        await execute(client, TAKE, [([keys.queue("a", "bulk")], taking(1))])
    with pytest.raises(ResponseError):
        await TAKE.run(client, [keys.queue("a", "bulk")], taking(1))
    await redis.delete(keys.queue("a", "bulk"))


async def test_the_server_accepts_every_script_of_the_ledger(client: Client) -> None:
    for script in vars(scripts).values():
        if isinstance(script, Script):
            assert await client.script_load(script.text) in {script.sha, script.sha.encode()}
