"""The primary dies, is demoted or loses its replica: clients follow, workers go on, and what was lost is known."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from producer.contract.states import State
from producer.pool import connect
from producer.refusing import RedisRefusesError
from tests.reliability.redis_servers import Watched, fail_over, port_server, until, watched_servers
from tests.reliability.systems import submit, system_on, until_accepted
from tests.support import wait_until
from tests.support_provider import Provider
from tests.support_system import System, account, numbers

log = logging.getLogger(__name__)

RATE, SLOTS = 80, 8
ACCOUNTS = {"athens": account("restv2", "north", rate=RATE, in_flight=SLOTS)}
TOTAL = 160
UNSENT = {State.QUEUED, State.IN_FLIGHT, State.DEFERRED}


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with watched_servers(tmp_path / "redis") as servers:
        yield servers


@pytest.fixture
async def on_sentinel(watched: Watched, provider: Provider, tmp_path: Path) -> AsyncIterator[System]:
    async with system_on(watched.url, provider, tmp_path, ACCOUNTS) as made:
        yield made


# --- clients -------------------------------------------------------------------------------------------


async def test_a_client_follows_a_planned_failover(watched: Watched) -> None:
    """The old primary lives on as a replica, and its connections stay open: they are left at the first refusal."""
    client = connect(watched.url)
    await client.set("volley:x", 0)
    fail_over(watched.sentinels[0])

    async def is_there() -> bool:
        await client.set("volley:x", time.monotonic())
        return bool(await client.get("volley:x") == watched.replica.client.get("volley:x")) and is_new()

    def is_new() -> bool:
        return bool(watched.replica.info("role") == "master" and watched.primary.info("role") == "slave")

    await wait_until(is_there, description="writes go to the new primary")
    await client.aclose()


async def test_an_old_primary_that_nobody_tells_is_left_within_seconds(watched: Watched) -> None:
    """Sentinel tells it late (8 s by default), and what it takes until then is thrown away. So the Sentinels are
    asked once a second, and a connection to a server that they no longer name is given up.
    """
    client = connect(watched.url)
    await client.set("volley:x", 0)
    until(
        lambda: watched.primary.client.execute_command("ACL", "SETUSER", "default", "-replicaof", "-slaveof"), "mute"
    )
    fail_over(watched.sentinels[0])
    until(lambda: watched.replica.info("role") == "master", "the replica is the primary")
    assert watched.primary.info("role") == "master"

    async def is_left() -> bool:
        now = str(time.monotonic())
        await client.set("volley:x", now)
        return bool(watched.replica.client.get("volley:x") == now.encode())

    await wait_until(is_left, description="writes go to the new primary")
    assert watched.primary.info("role") == "master", "nobody has told it"
    await client.aclose()


async def test_a_sentinel_that_is_behind_is_not_believed(watched: Watched) -> None:
    """It still names the old primary, which says itself that it is none; the next ones know better."""
    client = connect(watched.url)
    behind = watched.sentinels[0]
    behind.process.send_signal(signal.SIGSTOP)
    fail_over(watched.sentinels[1])
    until(lambda: watched.replica.info("role") == "master", "the replica is the primary")
    until(lambda: watched.primary.info("role") == "slave", "the old primary is a replica")
    behind.process.send_signal(signal.SIGCONT)
    await client.set("volley:x", "new")
    assert watched.replica.client.get("volley:x") == b"new"
    await client.aclose()


async def test_behind_one_address_a_demoted_primary_is_left(tmp_path: Path) -> None:
    """As managed services do it: the address leads to the new primary, the old one keeps its connections open.

    Every write was refused from then on, until somebody restarted the process.
    """
    with port_server(tmp_path / "a") as old, port_server(tmp_path / "b") as new:
        async with _address_of([old.port]) as address:
            client = connect(f"redis://127.0.0.1:{address.port}")
            await client.set("volley:x", "old")
            address.leads_to[0] = new.port
            old.client.replicaof("127.0.0.1", new.port)
            await client.set("volley:x", "new")
            await client.aclose()
        assert new.client.get("volley:x") == b"new"


# --- the system ----------------------------------------------------------------------------------------


async def test_a_campaign_outlives_its_primary(watched: Watched, on_sentinel: System) -> None:
    """SIGKILL to the primary in mid-campaign. Sentinel promotes the replica; the same worker processes go on."""
    system = on_sentinel
    async with system.worker("send") as sender, system.worker("track") as tracker:
        await submit(system, athens=TOTAL)
        await until_accepted(system, "restv2/north", 60)
        watched.primary.process.kill()
        await until_accepted(system, "restv2/north", 120)
        await system.settled("athens", timeout=40)
        assert (sender.poll(), tracker.poll()) == (None, None)
        assert watched.replica.info("role") == "master"

    copies = await system.provider.copies()
    records = await system.check_books("athens")
    assert set(records) == set(numbers(TOTAL))
    uncertain = {who for who, record in records.items() if record.state is State.UNCERTAIN}
    assert set(records) - uncertain <= {who for who, _ in copies}, "nobody lost"
    twice = sum(count - 1 for count in copies.values())
    log.info("primary killed: %d sent twice, %d uncertain of %d", twice, len(uncertain), TOTAL)
    assert twice <= SLOTS, "at most what was claimed in the moment that the replica had not received"


async def test_what_the_replica_never_got_is_sent_again(watched: Watched, on_sentinel: System) -> None:
    """The documented loss of asynchronous replication: the replica is cut off, the primary goes on alone and
    dies. The claims of that time are gone, so their messages are sent once more. Nobody is lost, nobody is sent
    to three times, and it is no more than what was claimed while the replica was cut off.
    """
    system = on_sentinel
    async with system.worker("send"), system.worker("track"):
        await submit(system, athens=TOTAL)
        await until_accepted(system, "restv2/north", 40)
        watched.replica.client.config_set("masterauth", "wrong")
        last_seen = await system.provider.accepted("restv2/north")
        watched.primary.client.client_kill_filter(_type="slave")
        behind = await system.provider.accepted("restv2/north")
        await until_accepted(system, "restv2/north", behind + 40)
        watched.primary.process.kill()
        await wait_until(lambda: watched.primary.process.poll() is not None, description="the primary is gone")
        before = await system.provider.accepted("restv2/north")
        await system.until("athens", lambda states, _: UNSENT.isdisjoint(states), "nobody waits", timeout=40)

    copies = await system.provider.copies()
    assert {who for who, _ in copies} == set(numbers(TOTAL)), "nobody lost"
    twice = [count for count in copies.values() if count > 1]
    log.info("replica cut off: %d accepted meanwhile, %d sent twice", before - last_seen, len(twice))
    assert 0 < len(twice) <= before - last_seen + 2 * SLOTS
    assert set(twice) == {2}


async def test_a_primary_that_must_have_a_replica_refuses_without_one_and_the_workers_wait(
    provider: Provider, tmp_path: Path
) -> None:
    """`min-replicas-to-write 1` bounds the loss: alone, the primary takes no more claims, so nothing is sent."""
    bound = {"min_replicas_to_write": 1, "min_replicas_max_lag": 30}  # on a busy machine a good one may be slow
    with watched_servers(tmp_path / "redis", down_after=60_000, **bound) as watched:
        async with system_on(watched.url, provider, tmp_path, ACCOUNTS) as system:
            async with system.worker("send") as sender, system.worker("track"):
                await submit(system, athens=TOTAL)
                await until_accepted(system, "restv2/north", 40)
                watched.replica.process.send_signal(signal.SIGSTOP)
                watched.primary.client.client_kill_filter(_type="slave")
                until(lambda: watched.primary.info("min_slaves_good_slaves") == 0, "the primary is alone")
                with pytest.raises(RedisRefusesError, match="lost its replicas"):
                    await system.producer.pause("athens")
                alone = await system.provider.accepted("restv2/north")
                stood_still_at = time.monotonic()
                await wait_until(lambda: time.monotonic() > stood_still_at + 1.0, description="a second alone")
                assert await system.provider.accepted("restv2/north") <= alone + 2 * SLOTS
                watched.replica.process.send_signal(signal.SIGCONT)
                await system.settled("athens", timeout=40)
                assert sender.poll() is None
            await system.check_nobody_twice()


# --- an address that moves -------------------------------------------------------------------------------


class _Address:
    """A port that leads to the server at `leads_to[0]`; connections that are open stay where they are."""

    def __init__(self, leads_to: list[int]) -> None:
        self.leads_to = leads_to
        self.port = 0

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.leads_to[0])
        await asyncio.gather(_copied(reader, there_writer), _copied(there_reader, writer))


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def _address_of(leads_to: list[int]) -> AsyncIterator[_Address]:
    address = _Address(leads_to)
    server = await asyncio.start_server(address.pass_on, "127.0.0.1", 0)
    address.port = server.sockets[0].getsockname()[1]
    async with server:
        yield address
