"""Orders on the page: how far each is, what it is about, a stop; also as JSON, and for viewers without the stop."""

import pytest
from aiohttp.test_utils import TestClient

from ops.dashboard.access import Access
from producer.contract.orders import Filter, Order, OrderKind
from producer.orders import OrderBook
from tests.ops.dashboard.carrying import carrying, over
from tests.ops.dashboard.visiting import HOSTILE, VIEWER_TOKEN, credentials, look, send, visit
from tests.worker.scene import Scene


async def ask(stage: Scene, kind: OrderKind = OrderKind.CANCEL, target: str = "spring", **given: object) -> Order:
    order = Order(id="", kind=kind, target=target, who="me", last="10", **given)  # type: ignore[arg-type]
    return await OrderBook(stage.redis).ask(order)


async def test_an_order_says_how_far_it_is_and_leads_to_what_it_is_about(page: TestClient, stage: Scene) -> None:
    order = await ask(stage, wanted=Filter(state="queued", prefix="30"))
    await OrderBook(stage.redis).advance(order, "5", {"done": 1200, "left": 0})
    for path in ("/orders", f"/orders/{order.id}"):
        seen = await look(page, path)
        assert "1,200 cancelled 50 % gone through" in seen.plain
        assert "/campaigns/spring/messages?state=queued&prefix=30" in seen.loads
        assert "No track worker runs" in seen.plain
        assert f"/orders/{order.id}/stop" in seen.posts
    [told] = (await (await page.get("/api/orders")).json())["orders"]
    assert (told["id"], told["share"], told["done"], told["state"]) == (order.id, 0.5, 1200, "open")


async def test_an_order_is_stopped_once(page: TestClient, stage: Scene) -> None:
    order = await ask(stage)
    path = f"/orders/{order.id}"
    assert (await send(page, f"{path}/stop")).headers["Location"] == f"{path}?said=stopped"
    assert (await send(page, f"{path}/stop")).headers["Location"] == f"{path}?said=unchanged"
    seen = await look(page, path)
    assert "stopped by this machine" in seen.plain
    assert f"{path}/stop" not in seen.posts


async def test_an_open_order_is_told_on_the_page_of_the_messages_that_it_is_about(
    page: TestClient, stage: Scene
) -> None:
    await stage.submit("spring", 2)
    await stage.submit("summer", 2)
    order = await ask(stage)
    assert f"/orders/{order.id}" in (await look(page, "/campaigns/spring/messages")).loads
    assert f"/orders/{order.id}" not in (await look(page, "/campaigns/summer/messages")).loads
    async with carrying(stage):
        await over(stage)
    assert f"/orders/{order.id}" not in (await look(page, "/campaigns/spring/messages")).loads


async def test_an_order_that_failed_says_why(page: TestClient, stage: Scene) -> None:
    order = await ask(stage, target="never")
    async with carrying(stage):
        await over(stage)
    assert "the campaign is not there any more" in (await look(page, f"/orders/{order.id}")).plain


async def test_without_orders_and_for_one_that_is_not_there(page: TestClient, stage: Scene) -> None:
    assert "There is none." in (await look(page, "/orders")).plain
    await look(page, "/orders/0a1b2c", status=404)
    assert (await send(page, "/orders/0a1b2c/stop")).status == 404


@pytest.mark.parametrize("kind", OrderKind)
async def test_hostile_words_are_text(page: TestClient, stage: Scene, kind: OrderKind) -> None:
    order = await ask(stage, kind, HOSTILE, wanted=Filter(code=HOSTILE))
    await OrderBook(stage.redis).fail(order, HOSTILE)
    for path in ("/orders", f"/orders/{order.id}", "/dead"):
        seen = await look(page, path)
        assert (seen.tags["img"], seen.tags["script"]) == (0, 1)
    assert HOSTILE in (await look(page, "/orders")).words


async def test_viewers_see_orders_and_stop_none(stage: Scene) -> None:
    order = await ask(stage)
    known = credentials().bearer(VIEWER_TOKEN)
    async with visit(stage.redis, access=Access(credentials=credentials()), known=known) as page:
        seen = await look(page, "/orders")
        assert f"/orders/{order.id}" in seen.loads
        assert [path for path in seen.posts if path.startswith("/orders")] == []
        assert (await send(page, f"/orders/{order.id}/stop")).status == 403
