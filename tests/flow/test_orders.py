"""Orders outlive the worker that carries them: `kill -9` in the middle, and another one goes on where it was."""

import orjson

from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.orders import Filter, Order, OrderKind, OrderState
from producer.contract.states import State
from producer.orders import OrderBook
from tests.support import wait_until
from tests.support_system import System, account, kill, numbers

LETTERS = 150
MESSAGES = 20_000


async def test_a_replay_and_a_cancellation_survive_kill_9_and_do_nothing_twice(system: System) -> None:
    """Only trackers live, so that what is put back stays to be counted, and what is cancelled was never sent."""
    system.accounts = {"athens": account("restv2", "north", rate=50, in_flight=8)}
    await system.announced()
    book = OrderBook(system.producer._redis)
    for number in range(LETTERS):
        body = orjson.dumps({"campaign": f"c{number}"})
        await system.redis.xadd(keys.DEAD, {"v": "1", "type": "campaign.pause", "body": body, "reason": "unknown"})
    [(last, _)] = await system.redis.xrevrange(keys.DEAD, count=1)
    await system.producer.submit(
        account_name="athens", campaign_id="spring", text="Hello", recipients=numbers(MESSAGES)
    )
    chunks = await system.redis.hget(keys.campaign(CampaignId("spring")), "chunks")

    async with system.worker("track") as first:
        replay = await book.ask(
            Order(id="", kind=OrderKind.REPLAY, target="unknown", who="me", rate=20.0, last=last.decode())
        )

        async def is_begun() -> bool:
            return await system.redis.xlen(keys.INTAKE) >= 10

        await wait_until(is_begun, description="some letters were put back")
        wanted = Filter(state="queued")
        cancel = await book.ask(
            Order(
                id="",
                kind=OrderKind.CANCEL,
                target="spring",
                who="me",
                wanted=wanted,
                last=chunks.decode(),
            )
        )

        async def is_cancelling() -> bool:
            return (await system.states("spring")).get("cancelled", 0) > 0

        await wait_until(is_cancelling, description="some messages were cancelled")
        kill(first)
    halfway = await system.redis.xlen(keys.INTAKE)
    assert 10 <= halfway < LETTERS

    async with system.worker("track"):

        async def are_done() -> bool:
            found = [await book.read(order.id) for order in (replay, cancel)]
            return all(order is not None and order.state is OrderState.DONE for order in found)

        await wait_until(are_done, description="both orders are done")
    put = [orjson.loads(fields[b"body"])["campaign"] for _, fields in await system.redis.xrange(keys.INTAKE)]
    assert put == [f"c{number}" for number in range(LETTERS)]
    assert await system.redis.xlen(keys.DEAD) == 0
    assert (await system.progress("spring")).states == {State.CANCELLED: MESSAGES}
    told = [await book.read(order.id) for order in (replay, cancel)]
    assert [order.done for order in told if order is not None] == [LETTERS, MESSAGES]
