"""`volley orders`: what is being done is listed with how far it is, and stopped without a worker."""

import asyncio
from collections.abc import Awaitable, Callable

import orjson
import pytest
from click.testing import CliRunner, Result
from redis.asyncio import Redis

from ops.cli import main
from producer.contract import keys
from producer.contract.orders import Filter, Order, OrderKind
from producer.orders import OrderBook
from producer.pool import connect

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("REDIS_URL", redis_url)

    async def ran(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, main, ["orders", *arguments], standalone_mode=False)

    return ran


@pytest.fixture
async def order(redis_url: str) -> Order:
    """One that is half done."""
    client = connect(redis_url)
    book = OrderBook(client)
    wanted = Filter(state="queued", prefix="30")
    asked = await book.ask(Order(id="", kind=OrderKind.CANCEL, target="spring", who="me", wanted=wanted, last="10"))
    await book.advance(asked, "5", {"done": 1234, "left": 0})
    await client.aclose()
    return asked


async def test_orders_are_listed_with_how_far_they_are(run: Run, order: Order) -> None:
    [line] = (await run("list")).output.splitlines()
    assert line.startswith(f"{order.id}  20")
    assert line.endswith("messages.cancel  spring (state=queued&prefix=30)  50%: 1,234 cancelled")
    [told] = orjson.loads((await run("list", "--json")).output)["orders"]
    assert (told["order"], told["share"], told["done"], told["state"]) == (order.id, 0.5, 1234, "open")
    assert told["filter"] == {"state": "queued", "code": "", "prefix": "30"}


async def test_an_order_is_stopped_without_a_worker(run: Run, redis: Redis, order: Order) -> None:
    assert (await run("stop", order.id)).output == f"order {order.id} is stopped: 1,234 cancelled\n"
    assert await redis.zcard(keys.OPEN_ORDERS) == 0
    [entry] = await redis.xrange(keys.AUDIT)
    assert entry[1][b"failure"].startswith(b"stopped by ")
    again = await run("stop", order.id)
    assert "over already (stopped)" in str(again.exception) or "over already (stopped)" in again.output
    assert (await run("list")).output.rstrip().endswith("(command line)")


async def test_without_orders_that_is_said(run: Run) -> None:
    assert (await run("list")).output == "There is no order.\n"
    wrong = await run("stop", "abc")
    assert (str(wrong.exception), "`volley orders list` lists them" in wrong.output) == ("1", True)
