"""SCRIPT FLUSH, again and again, while a campaign runs: every script is loaded anew, and no step is done twice."""

import asyncio

from redis.asyncio import Redis

from producer.contract.states import State
from tests.reliability.systems import submit
from tests.support_system import System, account, numbers

TOTAL = 300


async def test_scripts_that_the_server_forgets_in_mid_campaign_are_loaded_again(system: System, redis: Redis) -> None:
    system.accounts = {
        "moscow": account("smsc", "north", rate=20, in_flight=6, batch=10),
        "athens": account("restv2", "north", rate=150, in_flight=8),
    }
    flushes = 0

    async def forget() -> None:
        nonlocal flushes
        while True:
            await redis.script_flush()
            flushes += 1
            await asyncio.sleep(0.02)

    async with system.worker("send"), system.worker("send"), system.worker("track"):
        forgetting = asyncio.create_task(forget())
        await submit(system, moscow=TOTAL, athens=TOTAL)
        await system.sent("moscow", "athens", timeout=40)
        forgetting.cancel()

    assert flushes > 20  # on a busy machine we have our turn less often than the workers
    await system.check_nobody_twice()
    for name in ("moscow", "athens"):
        records = await system.check_books(name)
        assert set(records) == set(numbers(TOTAL))
        assert {record.state for record in records.values()} <= {State.SUBMITTED, State.ENROUTE, State.DELIVERED}
