"""Orders are carried out once, at their rate, whoever dies in the middle; and stopped at once."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, CampaignKind
from producer.contract.messages import CampaignId, Msisdn
from producer.contract.orders import Filter, Order, OrderKind, OrderState
from producer.contract.states import Event, State
from producer.drafting import Drafts
from producer.orders import NoneDue, OrderBook, OrderRefusedError, Taken
from producer.rendering import Template
from tests.support import wait_until
from tests.worker.scene import Scene, numbers
from worker.forgetting import Forgetter
from worker.forgetting.needle import Needle
from worker.ordering import Carrier, carrier_of, pieces
from worker.ordering.pieces import Doer, OrderError, Piece
from worker.stopping import end

REASON = "there is no campaign …"
SPRING = CampaignId("spring")


async def bury(stage: Scene, count: int, **fields: str) -> list[bytes]:
    """So many dead letters of one reason."""
    found = []
    for number in range(count):
        body = orjson.dumps({"campaign": f"c{number}"})
        entry = {"v": "1", "type": "campaign.pause", "body": body, "reason": "there is no campaign 'x'", **fields}
        found.append(await stage.redis.xadd(keys.DEAD, entry))
    return found


async def ask(stage: Scene, kind: OrderKind, target: str = REASON, **given: Any) -> Order:
    if kind.lock == "dead":
        newest = await stage.redis.xrevrange(keys.DEAD, count=1)
        given.setdefault("last", newest[0][0].decode())
    else:
        place = await stage.reader.place(CampaignId(target))
        assert place is not None
        given.setdefault("last", str(place.chunks))
    return await OrderBook(stage.redis).ask(Order(id="", kind=kind, target=target, who="me", **given))


async def read(stage: Scene, order: Order) -> Order:
    found = await OrderBook(stage.redis).read(order.id)
    assert found is not None
    return found


async def carried(stage: Scene, order: Order, carrier: Carrier | None = None) -> Order:
    """The order when it is over."""
    carrier = carrier or carrier_of(stage.redis, stage.reader)
    while (await read(stage, order)).state is OrderState.OPEN:
        await carrier.step()
    return await read(stage, order)


async def put(stage: Scene) -> list[str]:
    return [orjson.loads(fields[b"body"])["campaign"] for _, fields in await stage.redis.xrange(keys.INTAKE)]


class Dying:
    """Does its piece and dies before it can say so, every time but `lives`."""

    def __init__(self, doer: Doer, lives: Callable[[], bool]) -> None:
        self._doer = doer
        self._lives = lives

    async def piece(self, order: Order, overdue: float) -> Piece:
        piece = await self._doer.piece(order, overdue)
        if not self._lives():
            raise asyncio.CancelledError
        return piece


def dying(stage: Scene, kind: OrderKind) -> Carrier:
    """A carrier whose worker dies in every second piece, and whose leases are over at once."""
    beats = iter(range(1_000_000))
    doer = carrier_of(stage.redis, stage.reader)._doers[kind]
    return Carrier(OrderBook(stage.redis), {kind: Dying(doer, lambda: next(beats) % 2 == 1)}, lease=0.0)


async def steps(carrier: Carrier, is_over: Callable[[], Awaitable[bool]]) -> int:
    """Go on, a new worker behind each that dies; how many died."""
    deaths = 0
    while not await is_over():
        try:
            await carrier.step()
        except asyncio.CancelledError:
            deaths += 1
    return deaths


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


# --- messages of a campaign --------------------------------------------------------------------------------


async def test_messages_are_cancelled_and_counted_once_though_pieces_are_done_twice(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_SECONDS", 0.0)
    await stage.submit("spring", 10 * CHUNK_SIZE)
    await stage.feeder.step()
    order = await ask(stage, OrderKind.CANCEL, "spring", wanted=Filter(state="queued"))

    async def is_over() -> bool:
        return (await read(stage, order)).state is OrderState.DONE

    assert await steps(dying(stage, OrderKind.CANCEL), is_over) == 10, "a piece is at least one chunk"
    assert (await read(stage, order)).done == 10 * CHUNK_SIZE
    assert (await stage.producer.progress("spring")).states == {State.CANCELLED: 10 * CHUNK_SIZE}
    assert await stage.mistakes(SPRING) == []


async def test_a_filter_chooses_and_what_is_sent_or_final_stays(stage: Scene) -> None:
    messages = await stage.fed(
        "spring", 4, recipients=["306912345670", "306912345671", "393331234567", "306912345672"]
    )
    await stage.submitted(messages[0])
    order = await carried(stage, await ask(stage, OrderKind.CANCEL, "spring", wanted=Filter(prefix="30")))
    assert (order.state, order.done) == (OrderState.DONE, 2)
    assert [await stage.state_of(each) for each in messages] == [
        State.SUBMITTED,
        State.CANCELLED,
        State.QUEUED,
        State.CANCELLED,
    ]


async def test_a_stop_between_pieces_leaves_the_rest(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_SECONDS", 0.0)
    await stage.submit("spring", 2 * CHUNK_SIZE)
    order = await ask(stage, OrderKind.CANCEL, "spring")
    carrier = carrier_of(stage.redis, stage.reader)
    await carrier.step()
    halfway = await read(stage, order)
    assert (halfway.share, halfway.done) == (0.5, CHUNK_SIZE)
    await OrderBook(stage.redis).stop(halfway, "boss")
    await carrier._carry(halfway, 0.0)
    assert (await stage.producer.progress("spring")).states[State.QUEUED] == CHUNK_SIZE
    assert await stage.mistakes(SPRING) == []


async def failed(stage: Scene, count: int) -> None:
    for message in await stage.fed("spring", count, text="Hello $name", recipients=people(count)):
        await stage.claim(message)
        await stage.record(message, Event.REJECT, reference="", code="plain.7")


def people(count: int) -> list[dict[str, str]]:
    return [{"to": number, "name": f"N{place}"} for place, number in enumerate(numbers(count))]


async def test_who_did_not_get_it_is_gathered_once_though_pieces_are_done_twice(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_SECONDS", 0.0)
    count = CHUNK_SIZE + 100
    await failed(stage, count)
    order = await ask(stage, OrderKind.AGAIN, "spring", wanted=Filter(code="plain.7"))

    async def is_over() -> bool:
        return (await read(stage, order)).state is OrderState.DONE

    assert await steps(dying(stage, OrderKind.AGAIN), is_over) >= 3
    found = await read(stage, order)
    draft = await Drafts(stage.redis).find(found.result, "me")
    assert draft is not None
    assert (draft.accepted, found.done, draft.segments) == (count, count, count)
    assert await stage.redis.zcard(keys.CAMPAIGNS) == 1, "nobody sees it before it is started"
    await Drafts(stage.redis).start(draft)
    place = await stage.reader.place(draft.campaign.id)
    assert place is not None
    sent = [
        (str(each.msisdn), each.values["name"])
        for chunk in range(place.chunks)
        for each in await stage.reader.chunk(draft.campaign.id, chunk) or ()
    ]
    assert sent == [(each["to"], each["name"]) for each in people(count)]
    assert (await stage.producer.progress(draft.campaign.id)).states == {State.QUEUED: count}


async def test_single_messages_that_failed_become_a_campaign_like_any_other(stage: Scene) -> None:
    message = await stage.producer.send_one(account_name=stage.account.name, to=numbers(1)[0], text="100 $ off")
    await stage.claim(message)
    await stage.record(message, Event.REJECT, reference="", code="plain.7")
    order = await carried(stage, await ask(stage, OrderKind.AGAIN, message.campaign))
    draft = await Drafts(stage.redis).find(order.result, "me")
    assert draft is not None
    assert (draft.campaign.kind, draft.accepted) == (CampaignKind.BULK, 1)
    await Drafts(stage.redis).start(draft)
    [recipient] = await stage.reader.chunk(draft.campaign.id, 0) or ()
    assert Template.parse(draft.campaign.text).render(recipient.values) == "100 $ off"


async def test_forgetting_a_person_leaves_no_draft_and_no_order_with_the_number(stage: Scene) -> None:
    await failed(stage, 2)
    person = Msisdn(numbers(1)[0])
    draft = await carried(stage, await ask(stage, OrderKind.AGAIN, "spring"))
    assert await Drafts(stage.redis).find(draft.result, "me") is not None
    named = await ask(stage, OrderKind.CANCEL, "spring", wanted=Filter(prefix=person))
    gathering = await ask(stage, OrderKind.AGAIN, "spring")
    forgetter = Forgetter(stage.redis, stage.ledger, stage.reader, [stage.account.name], None)
    await forgetter.step(Needle(person), "")
    assert await Drafts(stage.redis).find(draft.result, "me") is None
    assert await OrderBook(stage.redis).read(named.id) is None
    assert (await read(stage, gathering)).state is OrderState.STOPPED
    assert await stage.redis.zcard(keys.OPEN_ORDERS) == 0
    assert await stage.redis.zscore(keys.ORDERS, named.id) is None


async def test_an_order_whose_draft_has_gone_says_so(stage: Scene) -> None:
    await failed(stage, 1)
    order = await ask(stage, OrderKind.AGAIN, "spring")
    carrier = carrier_of(stage.redis, stage.reader)
    await carrier.step()
    async for name in stage.redis.scan_iter("volley:campaign:spring-again-*"):
        await stage.redis.delete(name.decode())
    found = await carried(stage, order, carrier)
    assert found.state is OrderState.FAILED
    assert "order anew" in found.words


@pytest.mark.parametrize("kind", [OrderKind.CANCEL, OrderKind.AGAIN])
async def test_a_campaign_that_has_gone_ends_its_orders(stage: Scene, kind: OrderKind) -> None:
    order = await OrderBook(stage.redis).ask(Order(id="", kind=kind, target="never", who="me", last="3"))
    found = await carried(stage, order)
    assert (found.state, found.words) == (OrderState.FAILED, "the campaign is not there any more")
    [entry] = await stage.redis.xrange(keys.AUDIT)
    assert entry[1][b"failure"] == b"the campaign is not there any more"


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
