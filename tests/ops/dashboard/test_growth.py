"""What a page costs Redis grows neither with messages nor, beyond a page of them, with campaigns."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from aiohttp.test_utils import TestClient
from redis.asyncio.connection import AbstractConnection

from ops.dashboard import sheet, watch
from ops.readings import Census, read_active
from ops.web import FRAME, WATCH
from producer.contract import keys
from producer.contract.campaigns import CampaignState
from producer.contract.messages import CampaignId
from producer.contract.orders import Filter, Order, OrderKind
from producer.contract.states import State
from producer.orders import OrderBook
from tests.ops.dashboard.visiting import visit
from tests.worker.scene import Scene, numbers

PATHS: Final = (
    "/",
    "/campaigns",
    "/campaigns?offset=20",
    "/campaigns/spring",
    "/campaigns/spring/messages",
    "/campaigns/spring/messages?state=queued",
    "/campaigns/spring/messages/0.0",
    "/accounts",
    "/submit",
    "/uncertain",
    "/dead",
    "/orders",
    "/orders/{order}",
    "/incoming",
    "/optouts",
    "/exports",
    "/queues",
    "/charts",
    "/audit",
    "/metrics",
    "/health",
    "/api/overview",
    "/api/accounts",
    "/api/campaigns/spring",
    "/api/charts",
    "/api/queues",
    "/api/orders",
)
ELSEWHERE: Final = {
    "/login": "reads nothing of campaigns",
    "/enter/{key}": "the same",
    "/live": "tells that the watch has read anew",
    "/submit/{key}": "reads a draft, whose counts are kept",
    "/campaigns/{id}/messages.csv": "is as long as what it holds: see below",
}


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that only what is asked for is read."""
    monkeypatch.setattr(watch, "_EVERY_UNWATCHED", 3600.0)
    monkeypatch.setattr(watch, "_WATCHED_FOR", 0.0)


@pytest.fixture
async def order(stage: Scene) -> str:
    wanted = Order(id="", kind=OrderKind.CANCEL, target="spring", who="me", last="1")
    return (await OrderBook(stage.redis).ask(wanted)).id


@contextmanager
def trips() -> Iterator[list[int]]:
    """Counts round trips: how often something is sent to Redis."""
    count = [0]
    send = AbstractConnection.send_packed_command

    async def counted(self: AbstractConnection, *given: object, **named: object) -> None:
        count[0] += 1
        await send(self, *given, **named)

    AbstractConnection.send_packed_command = counted
    try:
        yield count
    finally:
        AbstractConnection.send_packed_command = send


async def spent(stage: Scene) -> tuple[int, int]:
    """Commands that Redis carried out, those in scripts too, and bytes that it sent, since its start."""
    stats = await stage.redis.info("stats")
    return int(stats["total_commands_processed"]), int(stats["total_net_output_bytes"])


Cost = tuple[int, int, int]
"""Round trips, commands, bytes."""


async def cost(stage: Scene, page: TestClient, path: str) -> Cost:
    """Of one look at a page, the watch's own readings included; the least of three, connections being open."""
    found = []
    for _ in range(3):
        page.app[FRAME].shared.forget()
        before = await spent(stage)
        with trips() as count:
            await page.app[WATCH].look()
            answer = await page.get(path)
            await answer.read()
        assert answer.status in {200, 503}, (path, answer.status)
        after = await spent(stage)
        found.append((count[0], after[0] - before[0], after[1] - before[1]))
    return min(each[0] for each in found), min(each[1] for each in found), min(each[2] for each in found)


async def costs(stage: Scene, order: str) -> dict[str, Cost]:
    async with visit(stage.redis) as page:
        await page.app[WATCH].look()  # the first one reads all campaigns once
        return {path: await cost(stage, page, path.format(order=order)) for path in PATHS}


def grown(small: dict[str, Cost], large: dict[str, Cost], *, more: Cost) -> dict[str, tuple[Cost, Cost]]:
    """Pages that cost more than `more` more."""
    return {
        path: (before, large[path])
        for path, before in small.items()
        if any(now > then + most for now, then, most in zip(large[path], before, more, strict=True))
    }


async def test_every_page_is_counted_here(stage: Scene) -> None:
    async with visit(stage.redis) as page:
        routes = [route for route in page.app.router.routes() if route.method == "GET" and route.resource]
        places = {route.resource.canonical for route in routes} - {"/static"}
    opened = {path.partition("?")[0] for path in PATHS}
    known = {
        *(opened - {"/campaigns/spring", "/orders/{order}", "/api/campaigns/spring"}),
        *("/campaigns/{id}", "/campaigns/{id}/messages", "/campaigns/{id}/messages/{place}", "/orders/{id}"),
        "/api/campaigns/{id}",
        *ELSEWHERE,
    }
    assert places - known == set()


@pytest.mark.slow
async def test_a_campaign_of_100_000_messages_costs_its_pages_what_one_of_400_does(stage: Scene, order: str) -> None:
    """Two chunks are more than a page shows; a thousand times as many messages cost no command more."""
    await stage.submit("spring", 400)
    await stage.feeder.step()
    small = await costs(stage, order)
    await stage.producer.append("spring", numbers(100_000, first=400))
    await stage.feeder.step()
    large = await costs(stage, order)
    assert grown(small, large, more=(1, 12, 12_000)) == {}


@pytest.mark.slow
async def test_1_000_campaigns_cost_every_page_what_those_that_it_reads_at_once_do(stage: Scene, order: str) -> None:
    """Twenty are a page of campaigns, fifty the newest of another, a hundred a look of the census."""
    await stage.submit("spring", 5)
    for number in range(9):
        await stage.submit(f"campaign-{number:04}", 1)
    few = await costs(stage, order)
    for number in range(9, 1000):
        await stage.submit(f"campaign-{number:04}", 1)
    thousand = await costs(stage, order)
    assert grown(few, thousand, more=(2, 420, 60_000)) == {}


@pytest.mark.slow
async def test_a_filter_that_fits_nobody_looks_through_a_bounded_piece(stage: Scene) -> None:
    """Two hundred chunks of a page are forty thousand messages: beyond them it does not matter how many there are."""

    async def bytes_of(page: TestClient) -> int:
        before = (await spent(stage))[1]
        answer = await page.get("/campaigns/spring/messages?code=never")
        assert "Further" in await answer.text()
        return (await spent(stage))[1] - before

    await stage.submit("spring", 41_000)
    async with visit(stage.redis) as page:
        small = min([await bytes_of(page) for _ in range(3)])
    await stage.producer.append("spring", numbers(40_000, first=41_000))
    async with visit(stage.redis) as page:
        large = min([await bytes_of(page) for _ in range(3)])
    assert large < small * 1.2 + 10_000


# --- the file of all messages ------------------------------------------------------------------------------


async def test_a_file_comes_in_small_pieces_none_of_which_holds_the_process_up(stage: Scene) -> None:
    """It was made of a million small steps, which held every other page up for a fifth of a second at a time."""
    await stage.submit("spring", 8000)
    longest = []
    for _ in range(3):  # a collection of all garbage, or a machine that lends its processor, is in one of them
        pieces, times = await pieces_of(sheet.sheet(stage.redis, CampaignId("spring"), Filter(), str))
        assert sum(pieces) == 8001
        assert max(pieces) <= 800
        longest.append(max(times))
    assert min(longest) < 0.05, "seconds of processor time, the reading of Redis' answer included"


async def pieces_of(written: AsyncIterator[bytes]) -> tuple[list[int], list[float]]:
    """The lines of each piece, and the processor time of each step."""
    pieces, times = [], []
    while True:
        began = time.thread_time()
        piece = await anext(written, None)
        times.append(time.thread_time() - began)
        if piece is None:
            return pieces, times
        pieces.append(piece.count(b"\n"))


# --- the totals of all campaigns -----------------------------------------------------------------------------


async def test_a_census_keeps_up_with_what_becomes_of_campaigns(stage: Scene) -> None:
    for number in range(250):
        await stage.submit(f"campaign-{number:04}", 2)
    census = Census(stage.redis)
    assert (await census.read()).states == {State.QUEUED: 500}
    assert (await read_active(stage.redis)).states == {State.QUEUED: 500}
    await stage.producer.cancel("campaign-0000")
    await stage.redis.hset(keys.campaign(CampaignId("campaign-0001")), "finished_at", str(int(time.time())))
    for name in ("campaign-0002", "campaign-0249"):
        await stage.redis.zrem(keys.CAMPAIGNS, name)
        await stage.redis.delete(keys.campaign(CampaignId(name)))
    await stage.submit("newest", 7)
    looks = [await census.read() for _ in range(12)]
    assert looks[0].states[State.QUEUED] >= 500, "the newest at once"
    last = looks[-1]
    assert last.states == {State.QUEUED: 247 * 2 + 7}
    assert last.campaigns == {CampaignState.RUNNING: 247, CampaignState.CANCELLED: 1}
    assert (await read_active(stage.redis)) == last


async def test_a_census_that_was_broken_off_is_whole_at_its_next_look(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(150):
        await stage.submit(f"campaign-{number:04}", 1)
    census, look, looks = Census(stage.redis), Census._look, iter(range(1000))

    async def broken(self: Census) -> bool:
        if next(looks) == 1:
            raise OSError("Redis is away")
        return await look(self)

    monkeypatch.setattr(Census, "_look", broken)
    with pytest.raises(OSError, match="away"):
        await census.read()
    assert (await census.read()).states == {State.QUEUED: 150}
