"""Redis reaches its memory limit: producers are told, nothing is half-written, workers wait and go on."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.exceptions import OutOfMemoryError

from producer.client import CampaignProducer
from producer.contract import keys
from producer.directory import announce
from producer.pool import connect
from producer.refusing import RedisRefusesError
from tests.contract.receiving import ATHENS
from tests.reliability.redis_servers import PortServer, port_server
from tests.reliability.systems import submit, system_on, until_accepted
from tests.support import wait_until
from tests.support_provider import Provider
from tests.support_system import System, account, log_of, numbers
from worker.receiving import Receiver

SLOTS = 8
TOTAL = 240


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PortServer]:
    with port_server(tmp_path / "redis", maxmemory_policy="noeviction") as one:
        yield one


@pytest.fixture
async def producer(server: PortServer) -> AsyncIterator[CampaignProducer]:
    client = connect(server.url)
    await announce(client, [ATHENS])
    yield CampaignProducer(client)
    await client.aclose()


@pytest.fixture
async def small(server: PortServer, provider: Provider, tmp_path: Path) -> AsyncIterator[System]:
    accounts = {"athens": account("restv2", "north", rate=80, in_flight=SLOTS)}
    async with system_on(server.url, provider, tmp_path, accounts) as made:
        yield made


def fill(server: PortServer, *, room: int = 0) -> None:
    """Leave so many bytes; 0: less than nothing."""
    used = int(server.info("used_memory"))
    server.client.config_set("maxmemory", used + room if room else used // 2)


def free(server: PortServer) -> None:
    server.client.config_set("maxmemory", 0)


def kept(server: PortServer) -> dict[bytes, object]:
    """Everything that is in Redis."""
    client = server.client
    return {
        name: client.hgetall(name) if client.type(name) == b"hash" else client.dump(name) for name in client.keys("*")
    }


# --- producers -----------------------------------------------------------------------------------------


async def test_whoever_submits_to_a_full_redis_is_told_and_nothing_is_stored(
    server: PortServer, producer: CampaignProducer
) -> None:
    await producer.submit(account_name="athens", campaign_id="old", text="Hello", recipients=numbers(10))
    before = kept(server)
    fill(server)
    with pytest.raises(RedisRefusesError, match=r"memory is full: raise maxmemory.*Nothing was stored"):
        await producer.submit(account_name="athens", campaign_id="new", text="Hello", recipients=numbers(10))
    with pytest.raises(RedisRefusesError):
        await producer.send_one(account_name="athens", to="+306912345678", text="4711", key="one")
    with pytest.raises(RedisRefusesError):
        await producer.append("old", numbers(10, first=10))
    assert kept(server) == before

    free(server)
    assert (await producer.append("old", numbers(10, first=10))).accepted == 10
    await producer.send_one(account_name="athens", to="+306912345678", text="4711", key="one")


async def test_a_submit_that_fills_redis_on_its_way_takes_back_what_it_had_stored(
    server: PortServer, producer: CampaignProducer
) -> None:
    before = kept(server)
    fill(server, room=200_000)
    people = numbers(60_000)
    with pytest.raises(RedisRefusesError):
        await producer.submit(account_name="athens", campaign_id="large", text="Hello", recipients=people)
    await wait_until(lambda: kept(server) == before, description="what was stored is taken back")
    free(server)
    done = await producer.submit(account_name="athens", campaign_id="large", text="Hello", recipients=people)
    assert done.accepted == len(people)


async def test_a_campaign_is_paused_and_cancelled_while_redis_is_full(
    server: PortServer, producer: CampaignProducer
) -> None:
    await producer.submit(account_name="athens", campaign_id="one", text="Hello", recipients=numbers(10))
    fill(server)
    assert await producer.pause("one") == "paused"
    assert await producer.resume("one") == "running"
    assert await producer.cancel("one") == "cancelled"


async def test_an_intake_entry_waits_until_there_is_room(server: PortServer, producer: CampaignProducer) -> None:
    """A full Redis is no fault of the entry: it is not buried, however often it was tried."""
    client = connect(server.url)
    body = b'{"campaign": "wire", "account": "athens", "text": "Hello", "recipients": ["306912345678"]}'
    await client.xadd(keys.INTAKE, {"v": "1", "type": "campaign.submit", "body": body})
    receiver = Receiver(client, producer, "w1", idle=0.0)
    await receiver._make_group()
    fill(server)
    with pytest.raises(OutOfMemoryError):
        await client.set("volley:x", 1)
    for step in (receiver._read, *(receiver._take_over,) * 6):
        with pytest.raises(RedisRefusesError):
            await step()
    free(server)
    await receiver._take_over()
    assert (await producer.progress("wire")).total == 1
    assert await client.xlen(keys.INTAKE) == 0
    assert await client.xlen(keys.DEAD) == 0
    await client.aclose()


# --- workers -------------------------------------------------------------------------------------------


async def test_workers_wait_while_redis_is_full_and_go_on_when_it_is_not(server: PortServer, small: System) -> None:
    """Nothing is claimed without room, so nothing is sent. What was on the wire is recorded afterwards: nobody
    twice, nobody lost. Both processes ended with an error (arq's loop met the refusal).
    """
    async with small.worker("send") as sender, small.worker("track") as tracker:
        await submit(small, athens=TOTAL)
        await until_accepted(small, "restv2/north", 40)
        fill(server)
        await wait_until(lambda: "sender_waits_for_redis" in log_of(sender), description="the sender waits")
        full_since, stood_at = time.monotonic(), await small.provider.accepted("restv2/north")
        await wait_until(lambda: time.monotonic() > full_since + 2.5, description="a full Redis for some seconds")
        assert await small.provider.accepted("restv2/north") <= stood_at + SLOTS
        assert (sender.poll(), tracker.poll()) == (None, None)
        free(server)
        await small.finished("athens")
        assert (sender.poll(), tracker.poll()) == (None, None)

    copies = await small.check_nobody_twice()
    assert {who for who, _ in copies} == set(numbers(TOTAL))
    await small.check_books("athens")
