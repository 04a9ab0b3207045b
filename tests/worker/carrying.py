"""Orders for tests: asked for, carried out, and by carriers that die after every second piece."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from producer.contract import keys
from producer.contract.messages import CampaignId
from producer.contract.orders import Order, OrderKind, OrderState
from producer.orders import OrderBook
from tests.worker.scene import Scene
from worker.ordering import Carrier, carrier_of
from worker.ordering.pieces import Doer, Piece

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
