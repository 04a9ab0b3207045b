"""Orders about the messages of a campaign: each is cancelled or gathered once, and what is sent or final stays."""

import pytest

from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, CampaignKind
from producer.contract.messages import Msisdn
from producer.contract.orders import Filter, Order, OrderKind, OrderState
from producer.contract.states import Event, State
from producer.drafting import Drafts
from producer.orders import OrderBook
from producer.rendering import Template
from tests.worker.carrying import SPRING, ask, carried, dying, read, steps
from tests.worker.scene import Scene, numbers
from worker.forgetting import Forgetter
from worker.forgetting.needle import Needle
from worker.ordering import carrier_of, pieces


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
