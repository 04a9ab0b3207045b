"""Orders are carried out once, at their rate, whoever dies in the middle; and stopped at once."""

import asyncio
import time
from collections import Counter

import pytest

from producer.contract import keys
from producer.contract.orders import Filter, Order, OrderKind, OrderState
from producer.orders import NoneDue, OrderBook, OrderRefusedError, Taken
from tests.support import wait_until
from tests.worker.carrying import ask, bury, carried, dying, put, read, steps
from tests.worker.scene import Scene
from worker.ordering import Carrier, carrier_of
from worker.ordering.pieces import OrderError, Piece
from worker.stopping import end


@pytest.mark.parametrize("kind", [OrderKind.REPLAY, OrderKind.DROP])
async def test_dead_letters_move_once_though_every_second_piece_is_done_twice(stage: Scene, kind: OrderKind) -> None:
    await bury(stage, 120)
    await bury(stage, 1, reason="another")
    order = await ask(stage, kind, rate=1000.0)
    later = await bury(stage, 1)

    async def is_over() -> bool:
        return (await read(stage, order)).state is OrderState.DONE

    assert await steps(dying(stage, kind), is_over) >= 2
    assert (await read(stage, order)).done == 120
    assert await put(stage) == ([f"c{number}" for number in range(120)] if kind is OrderKind.REPLAY else [])
    left = [entry for entry, _ in await stage.redis.xrange(keys.DEAD)]
    assert len(left) == 2, "another reason, and one that came later"
    assert later[0] in left
    [entry] = await stage.redis.xrange(keys.AUDIT)
    assert entry[1][b"after"] == f"120 {kind.participle}".encode()


async def test_what_cannot_be_put_back_is_left_and_counted_once(stage: Scene) -> None:
    await bury(stage, 2, cut="body")
    await bury(stage, 1)
    order = await ask(stage, OrderKind.REPLAY, rate=1000.0)

    async def is_over() -> bool:
        return (await read(stage, order)).state is OrderState.DONE

    await steps(dying(stage, OrderKind.REPLAY), is_over)
    found = await read(stage, order)
    assert (found.done, found.left) == (1, 2)
    [entry] = await stage.redis.xrange(keys.AUDIT)
    assert entry[1][b"after"] == b"1 put back, 2 left"


async def test_two_workers_at_the_same_order_put_nothing_back_twice(stage: Scene) -> None:
    """One was out of touch for longer than its lease, and goes on where it was."""
    await bury(stage, 60)
    order = await ask(stage, OrderKind.REPLAY, rate=1000.0)
    carriers = [carrier_of(stage.redis, stage.reader) for _ in range(2)]
    taken = await OrderBook(stage.redis).take(0.0)
    assert isinstance(taken, Taken)
    await asyncio.gather(*(carrier._carry(taken.order, 0.0) for carrier in carriers))
    await carried(stage, order)
    assert max(Counter(await put(stage)).values()) == 1
    assert (await read(stage, order)).done == len(await put(stage)) == 60


async def timed(stage: Scene, order: Order, overdue: float) -> tuple[Piece, float]:
    """One piece, and the seconds that it took at most."""
    began = time.monotonic()
    piece = await carrier_of(stage.redis, stage.reader)._doers[OrderKind.REPLAY].piece(order, overdue)
    return piece, time.monotonic() - began


@pytest.mark.parametrize(("rate", "most", "wait"), [(4.0, 1, 0.25), (0.1, 1, 10.0), (200.0, 20, 0.1)])
async def test_the_rate_is_kept(stage: Scene, rate: float, most: int, wait: float) -> None:
    await bury(stage, 30)
    piece, took = await timed(stage, await ask(stage, OrderKind.REPLAY, rate=rate), 0.0)
    assert len(await put(stage)) == most
    assert max(0.0, wait - took) <= piece.wait <= wait


async def test_the_next_piece_comes_when_its_time_has_come(stage: Scene) -> None:
    await bury(stage, 2)
    order = await ask(stage, OrderKind.REPLAY, rate=0.02)
    await carrier_of(stage.redis, stage.reader).step()
    due = await OrderBook(stage.redis).take(30)
    assert isinstance(due, NoneDue)
    assert due.seconds is not None
    assert 10 < due.seconds <= 50
    assert (await read(stage, order)).done == 1


async def test_a_halt_is_not_made_good_by_a_burst(stage: Scene) -> None:
    """An order that nobody carried for an hour goes on at its rate: two seconds for one, less one to make good."""
    await bury(stage, 3)
    piece, took = await timed(stage, await ask(stage, OrderKind.REPLAY, rate=0.5), 3600.0)
    assert max(0.0, 1.0 - took) <= piece.wait <= 1.0


async def test_a_stop_holds_at_once_and_what_was_done_stays(stage: Scene) -> None:
    await bury(stage, 5)
    book = OrderBook(stage.redis)
    order = await ask(stage, OrderKind.REPLAY, rate=4.0)
    await carrier_of(stage.redis, stage.reader).step()
    taken = await read(stage, order)
    assert await book.stop(taken, "boss")
    assert not await book.stop(taken, "boss")
    await carrier_of(stage.redis, stage.reader)._carry(taken, 0.0)
    found = await read(stage, order)
    assert (found.state, found.words, found.done) == (OrderState.STOPPED, "stopped by boss", 1)
    assert len(await put(stage)) == 1
    assert await stage.redis.zcard(keys.OPEN_ORDERS) == 0
    [entry] = await stage.redis.xrange(keys.AUDIT)
    assert (entry[1][b"after"], entry[1][b"failure"]) == (b"1 put back", b"stopped by boss")


# --- the book ----------------------------------------------------------------------------------------------


async def test_the_same_is_asked_for_once_and_others_beside_it(stage: Scene) -> None:
    await stage.submit("spring", 1)
    await stage.submit("summer", 1)
    await ask(stage, OrderKind.CANCEL, "spring")
    with pytest.raises(OrderRefusedError, match="the same is being done"):
        await ask(stage, OrderKind.CANCEL, "spring", wanted=Filter(state="queued"))
    await ask(stage, OrderKind.CANCEL, "summer")
    await ask(stage, OrderKind.AGAIN, "spring")


async def test_orders_are_bounded(stage: Scene) -> None:
    for number in range(20):
        await OrderBook(stage.redis).ask(Order(id="", kind=OrderKind.CANCEL, target=f"c{number}", who="me", last="1"))
    with pytest.raises(OrderRefusedError, match="20 orders are open"):
        await OrderBook(stage.redis).ask(Order(id="", kind=OrderKind.CANCEL, target="x", who="me", last="1"))
    assert len(await OrderBook(stage.redis).newest(limit=5)) == 5


class Wrong:
    async def piece(self, order: Order, overdue: float) -> Piece:
        raise OrderError("no") if order.target == "spring" else KeyError("unforeseen")


async def test_what_nobody_foresaw_ends_the_order_and_not_the_worker(stage: Scene) -> None:
    await stage.submit("spring", 1)
    await stage.submit("summer", 1)
    carrier = Carrier(OrderBook(stage.redis), {OrderKind.CANCEL: Wrong()})
    told = [
        (await carried(stage, await ask(stage, OrderKind.CANCEL, name), carrier)).words
        for name in ("spring", "summer")
    ]
    assert told == ["no", "unforeseen: KeyError; the worker's log says more (order_failed)"]


async def test_an_order_of_another_version_is_left_to_a_worker_that_knows_it(stage: Scene) -> None:
    await stage.submit("spring", 1)
    order = await ask(stage, OrderKind.CANCEL, "spring")
    await stage.redis.hset(keys.order(order.id), "kind", "messages.frame")
    carrier = carrier_of(stage.redis, stage.reader)
    assert await carrier.step() == 0.0
    assert await OrderBook(stage.redis).read(order.id) is None
    assert await stage.redis.zcard(keys.OPEN_ORDERS) == 1


async def test_an_order_of_which_only_the_name_is_left_is_let_go(stage: Scene) -> None:
    await stage.submit("spring", 1)
    lost, order = await ask(stage, OrderKind.AGAIN, "spring"), await ask(stage, OrderKind.CANCEL, "spring")
    await stage.redis.delete(keys.order(lost.id))
    assert (await carried(stage, order)).done == 1
    await carrier_of(stage.redis, stage.reader).step()  # whichever was taken first
    assert await stage.redis.zcard(keys.OPEN_ORDERS) == 0


async def test_a_carrier_at_work_takes_an_order_up_by_itself(stage: Scene) -> None:
    await stage.submit("spring", 3)
    running = asyncio.create_task(carrier_of(stage.redis, stage.reader).run())
    order = await ask(stage, OrderKind.CANCEL, "spring")

    async def is_over() -> bool:
        return (await read(stage, order)).state is OrderState.DONE

    await wait_until(is_over, description="the order was carried out")
    await end([running])
