"""An account that cannot send waits by itself, tells why, and holds up no other."""

import time

from producer.contract import keys
from producer.contract.messages import AccountName
from tests.support import wait_until
from tests.support_provider import fastest
from tests.support_system import System, Table, account, numbers

RATE = 40  # what a busy machine can do besides
TOTAL = 240


async def _start(system: System, **accounts: Table) -> None:
    system.accounts = accounts
    await system.announced()
    for name in accounts:
        await system.producer.submit(
            account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(TOTAL)
        )


async def _is_accepted(system: System, who: str, most: int) -> None:
    async def has_come() -> bool:
        return await system.provider.accepted(who) >= most

    await wait_until(has_come, description=f"{most} accepted by {who}")


async def _state_is(system: System, name: str, wanted: str) -> None:
    async def is_so() -> bool:
        return await system.redis.hget(keys.account(AccountName(name)), "state") == wanted.encode()

    await wait_until(is_so, description=f"{name} is {wanted}")


async def _goes_on_at_full_speed(system: System, who: str) -> None:
    """An account sends all of its campaign, and as fast as it may, whatever happens to the other one."""
    await _is_accepted(system, who, TOTAL)
    arrivals = await system.provider.arrivals(who)
    assert fastest(arrivals[TOTAL // 3 :], seconds=1) >= 0.8 * RATE


async def test_an_account_without_money_waits_and_the_other_goes_on_at_full_speed(system: System) -> None:
    """The money of `athens` runs out in mid-campaign. Nobody of it fails: its messages wait, `patras` does not
    notice, and once somebody has paid, the probe of the balance opens the account by itself.
    """
    await _start(
        system,
        athens=account("restv2", "north", rate=RATE, in_flight=8),
        patras=account("restv2", "south", rate=RATE, in_flight=8),
    )
    await system.provider.switch("restv2/north", balance=60)
    async with system.worker("track"), system.worker("send"):
        await _state_is(system, "athens", "money")
        await _goes_on_at_full_speed(system, "restv2/south")
        assert await system.provider.accepted("restv2/north") == 60
        states = await system.states("athens")
        assert set(states) <= {"queued", "submitted", "enroute", "delivered"}

        await system.provider.switch("restv2/north", balance=1_000_000)
        await system.finished("athens", "patras")

    await system.check_nobody_twice()
    assert await system.states("athens") == await system.states("patras") == {"delivered": TOTAL}
    assert "not enough SMS" in (await system.words("athens"))["restv2.error.105"]


async def test_a_blocked_address_stops_one_account_alone_until_the_block_is_over(system: System) -> None:
    """smsc blocks our address (error 4) in mid-campaign. Its account waits five minutes without a single
    request, `athens` goes on; after that the rest is sent, to nobody twice.
    """
    await _start(
        system,
        moscow=account("smsc", "north", rate=RATE, in_flight=8, batch=1),
        athens=account("restv2", "north", rate=RATE, in_flight=8),
    )
    async with system.worker("track"), system.worker("send"):
        await _is_accepted(system, "smsc/north", 30)
        await system.provider.switch("smsc/north", blocked=True)
        await _state_is(system, "moscow", "address")
        before = (await system.provider.summary("smsc/north"))["requests"]
        await _goes_on_at_full_speed(system, "restv2/north")
        after = (await system.provider.summary("smsc/north"))["requests"]
        assert sum(after.values()) - sum(before.values()) <= 8, "at most what was on its way when the block came"
        states = await system.states("moscow")
        assert "rejected" not in states
        assert "uncertain" not in states

        await system.provider.switch("smsc/north", blocked=False)
        five_minutes_ago = int(time.time())
        await system.redis.hset(keys.account(AccountName("moscow")), "until", five_minutes_ago)
        await system.time_passes("moscow")
        await system.sent("moscow", "athens")

    await system.check_nobody_twice()
    assert await system.provider.accepted("smsc/north") == TOTAL
    assert await system.provider.accepted("restv2/north") == TOTAL
