"""Redis goes away, or forgets: workers live on, and the ledger is enough to go on from."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops.redis_server import RedisServer
from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import Lane
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import AccountName
from producer.contract.states import State
from producer.pool import connect
from tests.support import wait_until
from tests.support_provider import Provider
from tests.support_system import System, account, numbers

TOTAL = 400


@pytest.fixture
async def own_system(own_redis_server: RedisServer, provider: Provider, tmp_path: Path) -> AsyncIterator[System]:
    """A system on a Redis that the test may kill."""
    accounts = {
        "moscow": account("smsc", "north", rate=10, in_flight=4, batch=10),
        "athens": account("restv2", "north", rate=80, in_flight=8),
    }
    redis = connect(own_redis_server.url)
    async with CampaignProducer.connected(own_redis_server.url) as producer:
        yield System(
            redis=redis,  # type: ignore[arg-type]
            redis_url=own_redis_server.url,
            provider=provider,
            folder=tmp_path,
            producer=producer,
            accounts=accounts,
        )
    await redis.aclose()


async def _under_way(system: System, accepted: int) -> None:
    for name in ("moscow", "athens"):
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(TOTAL)
        )

    async def has_come() -> bool:
        return min([await system.provider.accepted(name) for name in ("smsc/north", "restv2/north")]) >= accepted

    await wait_until(has_come, description=f"{accepted} accepted on both accounts")


async def test_redis_is_killed_for_some_seconds_and_the_workers_live_on(
    own_system: System, own_redis_server: RedisServer
) -> None:
    """SIGKILL, three seconds of nothing, and Redis is back with its append-only file. The workers have waited;
    what they had on the wire is recorded late, and nobody gets the SMS twice.
    """
    system = own_system
    async with system.worker("send") as sender, system.worker("track") as tracker:
        await _under_way(system, 60)
        own_redis_server.kill()
        back_at = time.monotonic() + 3
        await wait_until(lambda: time.monotonic() >= back_at, description="three seconds without Redis")
        own_redis_server.start()

        await system.settled("athens")
        await system.sent("moscow")
        assert (sender.poll(), tracker.poll()) == (None, None)

    copies = await system.check_nobody_twice()
    assert {who for who, text in copies if text == "Hello moscow"} == set(numbers(TOTAL))
    records = await system.check_books("athens")
    sent = {who for who, text in copies if text == "Hello athens"}
    uncertain = {who for who, record in records.items() if record.state is State.UNCERTAIN}
    assert set(records) == set(numbers(TOTAL))
    assert set(records) - uncertain <= sent
    assert len(uncertain) <= 8


async def test_redis_killed_again_and_again_with_everysec_sends_nobody_twice(
    own_system: System, own_redis_server: RedisServer
) -> None:
    """`everysec` is the recommended setting: of a *process* that dies nothing is lost, because a change is with the
    operating system before it is answered. (While a slow disk is being forced, Redis puts that off for up to two
    seconds: each kill waits until nothing is put off.)
    """
    system = own_system
    assert (await system.redis.config_get("appendfsync"))["appendfsync"] == "everysec"
    async with system.worker("send"), system.worker("track"):
        for accepted in (40, 120, 200):
            if accepted == 40:
                await _under_way(system, accepted)
            else:
                await wait_until(lambda most=accepted: _have_come(system, most), description=f"{accepted} accepted")
            await wait_until(lambda: _is_written(system), description="nothing waits for the file")
            own_redis_server.kill()
            own_redis_server.start()
        await system.settled("athens")
        await system.sent("moscow")
    copies = await system.check_nobody_twice()
    assert {who for who, text in copies if text == "Hello moscow"} == set(numbers(TOTAL))
    records = await system.check_books("athens")
    uncertain = {who for who, record in records.items() if record.state is State.UNCERTAIN}
    assert set(records) - uncertain <= {who for who, text in copies if text == "Hello athens"}


async def _have_come(system: System, accepted: int) -> bool:
    return min([await system.provider.accepted(name) for name in ("smsc/north", "restv2/north")]) >= accepted


async def _is_written(system: System) -> bool:
    told = await system.redis.info("persistence")
    return int(told["aof_buffer_length"]) == 0 and int(told["aof_pending_bio_fsync"]) == 0


async def test_a_lost_queue_is_rebuilt_from_the_ledger(system: System) -> None:
    """Somebody flushes the queues of a running campaign, or Redis loses its tail. The records still say who is to
    be sent, so the sweeper (four times a minute) makes the jobs anew. Nobody who was sent is sent again.
    """
    system.accounts = {
        "moscow": account("smsc", "north", rate=10, in_flight=4, batch=10),
        "athens": account("restv2", "north", rate=80, in_flight=8),
    }
    async with system.worker("send"), system.worker("track"):
        await _under_way(system, 60)
        for name in ("moscow", "athens"):
            await system.redis.delete(keys.queue(AccountName(name), Lane.BULK))
            bodies = [body async for body in system.redis.scan_iter(match=f"{JOB_PREFIX}{name}/*", count=1000)]
            if bodies:
                await system.redis.delete(*bodies)
        await system.sent("moscow", "athens")

    await system.check_nobody_twice()
    assert await system.provider.accepted("smsc/north") == TOTAL
    assert await system.provider.accepted("restv2/north") == TOTAL
