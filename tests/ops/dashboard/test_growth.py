"""What a page costs Redis does not grow with the messages of its campaigns."""

import pytest
from aiohttp.test_utils import TestClient

from ops.web import WATCH
from tests.ops.dashboard.visiting import visit
from tests.worker.scene import Scene

PATHS = (
    "/",
    "/campaigns",
    "/campaigns/spring",
    "/accounts",
    "/campaigns/spring/messages/0.0",
    "/uncertain",
    "/dead",
    "/incoming",
    "/exports",
    "/queues",
    "/charts",
    "/audit",
    "/metrics",
    "/health",
    "/api/overview",
    "/api/campaigns/spring",
)


async def commands(stage: Scene) -> tuple[int, int]:
    """Commands that Redis carried out, and bytes that it sent, since its start."""
    stats = await stage.redis.info("stats")
    return int(stats["total_commands_processed"]), int(stats["total_net_output_bytes"])


async def cost(stage: Scene, page: TestClient) -> tuple[int, int]:
    """Commands and bytes of one look at every page, the watch's own readings included."""
    page.app[WATCH].overview = None  # what is kept would cost nothing
    before = await commands(stage)
    for path in PATHS:
        answer = await page.get(path)
        assert answer.status in {200, 503}, path
        await answer.read()
    after = await commands(stage)
    return after[0] - before[0], after[1] - before[1]


@pytest.mark.slow
async def test_pages_of_a_large_campaign_cost_what_those_of_a_small_one_do(stage: Scene) -> None:
    await stage.submit("spring", 5)
    async with visit(stage.redis) as page:
        small = min([await cost(stage, page) for _ in range(3)])
    await stage.producer.append("spring", (str(306_900_000_000 + number) for number in range(20_000)))
    await stage.feeder.step()
    async with visit(stage.redis) as page:
        large = min([await cost(stage, page) for _ in range(3)])
    assert large[0] < small[0] * 1.5
    assert large[1] < small[1] * 1.5 + 10_000, "twenty thousand recipients alone are several hundred kB"


@pytest.mark.slow
async def test_a_filter_that_fits_nobody_looks_through_a_bounded_piece(stage: Scene) -> None:
    """Forty chunks of a page are eight thousand messages: beyond them it does not matter how many there are."""

    async def bytes_of(page: TestClient) -> int:
        before = (await commands(stage))[1]
        answer = await page.get("/campaigns/spring/messages?code=never")
        assert "Further" in await answer.text()
        return (await commands(stage))[1] - before

    await stage.submit("spring", 10_000)
    async with visit(stage.redis) as page:
        small = min([await bytes_of(page) for _ in range(3)])
    await stage.producer.append("spring", (str(306_900_000_000 + number) for number in range(20_000)))
    async with visit(stage.redis) as page:
        large = min([await bytes_of(page) for _ in range(3)])
    assert large < small * 1.2 + 10_000
