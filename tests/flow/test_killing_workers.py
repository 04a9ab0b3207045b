"""`kill -9` at any moment: nobody lost, nobody twice, and what cannot be known is said to be uncertain."""

import random
from contextlib import AsyncExitStack

import pytest

from producer.contract import keys
from producer.contract.messages import AccountName
from producer.contract.states import State
from tests.support import wait_until
from tests.support_system import LONG, System, account, kill, numbers

KILLS = 4


@pytest.mark.parametrize("seed", [1])
async def test_workers_killed_in_mid_campaign_lose_nobody_and_send_to_nobody_twice(system: System, seed: int) -> None:
    """Two senders work; again and again one of them is killed with requests on the wire and another takes its
    place. Kills come at moments that chance chooses by the provider's count.

    smsc can be asked for our own client id, so all of its messages end well. restv2 cannot: whoever was on the
    wire when a sender died is uncertain for ever (policy `hold`), and was sent at most once.
    """
    rng = random.Random(seed)
    system.sending = {"request_timeout": 3}
    system.accounts = {
        "batches": account("smsc", "north", rate=12, in_flight=4, batch=10),
        "singles": account("smsc", "south", rate=60, in_flight=8, batch=1),
        "athens": account("restv2", "north", rate=60, in_flight=8),
    }
    for name in ("smsc/north", "smsc/south", "restv2/north"):
        await system.provider.switch(name, latency=0.1)
    totals = {"batches": 300, "singles": 160, "athens": 200}
    moments = sorted(rng.sample(range(20, 400), KILLS))

    async with AsyncExitStack() as stack, system.worker("track"):
        workers = [await stack.enter_async_context(system.worker("send")) for _ in range(2)]
        for name, total in totals.items():
            await system.producer.submit(
                account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(total)
            )
        for moment in moments:

            async def has_come(at: int = moment) -> bool:
                return await system.provider.accepted() >= at

            await wait_until(has_come, description=f"{moment} accepted")
            kill(workers.pop(0))
            workers.append(stack.enter_context(system.starting("send")))

        async def is_known() -> bool:
            await system.time_passes("batches", "singles")
            return all([unknown.isdisjoint((await system.progress(name)).states) for name in ("batches", "singles")])

        unknown = {State.QUEUED, State.IN_FLIGHT, State.DEFERRED, State.UNCERTAIN}
        try:
            await wait_until(is_known, description="everybody is sent at smsc", timeout=LONG)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[await system.states(name) for name in totals]}") from None
        await system.settled("athens")

    copies = await system.check_nobody_twice()
    for name in ("batches", "singles"):
        assert {who for who, text in copies if text == f"Hello {name}"} == set(numbers(totals[name]))
        await system.check_books(name)

    records = await system.check_books("athens")
    sent = {who for who, text in copies if text == "Hello athens"}
    uncertain = {who for who, record in records.items() if record.state is State.UNCERTAIN}
    assert set(records) == set(numbers(totals["athens"]))
    assert set(records) - uncertain <= sent
    assert len(uncertain) <= KILLS * 8, "no more than the dead could have had on the wire"
    assert {records[who].code for who in uncertain} <= {"volley.claim_died"}


async def test_a_killed_tracker_loses_at_most_the_reports_in_its_hands(system: System) -> None:
    """smsc statuses can be read again. A restv2 drain hands each report over once: one that a tracker had on the
    wire when it died is gone. Such a message is never sent again; it is expired when it has had its time.
    """
    system.tracking = {"give_up_after": 10}
    await system.provider.switch("restv2/north", latency=0.1)
    async with system.worker("send"):
        with system.starting("track") as tracker:
            await system.at_work(tracker)
            for name in ("moscow", "athens"):
                await system.producer.submit(
                    account_name=name, campaign_id=name, text=f"Hello {name}", recipients=numbers(100)
                )
            await system.until("athens", lambda states, _: states.get(State.DELIVERED, 0) > 10, "some delivered")
            kill(tracker)
        await system.redis.delete(*(keys.reader(AccountName(name)) for name in ("moscow", "athens")))  # a lease ends
        async with system.worker("track"):
            await system.finished("moscow", "athens")

    await system.check_nobody_twice()
    assert await system.states("moscow") == {"delivered": 100}
    athens = await system.check_books("athens")
    lost = [record for record in athens.values() if record.state is not State.DELIVERED]
    assert {(record.state, record.code) for record in lost} <= {(State.EXPIRED, "volley.no_report")}
    assert await system.provider.accepted("restv2/north") == 100
