"""Asking the provider what a campaign would cost before it starts: its samples, their price, and nothing sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from arq.worker import func

from ops import asking
from ops.web import FRAME
from producer.contract import keys
from producer.contract.jobs import PROVIDER_CALL
from tests.ops.dashboard.uploading import previewed
from tests.ops.dashboard.visiting import check, look, send
from tests.worker.plain import NAME
from tests.worker.scene import Scene
from worker.engine.control import ControlWorker

Answers = Mapping[str, dict[str, Any]]
"""What the provider tells of each number."""


@asynccontextmanager
async def provider(stage: Scene, answers: Answers) -> AsyncIterator[list[dict[str, str]]]:
    """A track worker whose provider answers so; what it was asked."""
    asked: list[dict[str, str]] = []

    async def provider_call(_: object, account: str, call: str, given: dict[str, str], *__: object) -> dict[str, Any]:
        asked.append({"account": account, "call": call, **given})
        return answers[given["phones"]]

    job = func(provider_call, name=PROVIDER_CALL, keep_result=60)
    worker = ControlWorker(keys.CONTROL_TRACK, stage.redis, [job], context={})
    running = asyncio.create_task(worker.async_run())
    try:
        yield asked
    finally:
        await worker.stop(5)
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def priced(stage: Scene) -> None:
    """The account's family is one that can be asked."""
    entry = (await stage.redis.hget(keys.ACCOUNTS, NAME)).replace(b'"plain"', b'"smsc"')
    await stage.redis.hset(keys.ACCOUNTS, NAME, entry)
    await stage.book.note(NAME, {"balance": "12.5", "currency": "EUR"})


def told(cost: str, count: int) -> dict[str, Any]:
    return {"records": [{"cost": cost, "cnt": count}]}


@pytest.mark.usefixtures("priced")
async def test_the_samples_are_asked_about_and_all_of_it_is_reckoned_by_the_segment(
    page: TestClient, stage: Scene
) -> None:
    path = await previewed(page, text="Hello $name", file="to,name\n306912345670,Anna\n306912345671,Bob\n")
    assert "not known" in (await look(page, path)).plain
    async with provider(stage, {"306912345670": told("0.04", 1), "306912345671": told("0.08", 1)}) as asked:
        answer = await send(page, f"{path}/price")
    seen = check(await answer.text())
    assert "Cost about 0.12 EUR 0.06 a message, 0.06 a segment, as the provider told it" in seen.plain
    assert "The provider was asked what 2 of these texts would cost; nothing was sent." in seen.plain
    assert sorted((each["call"], each["phones"], each["mes"]) for each in asked) == [
        ("cost", "306912345670", "Hello Anna"),
        ("cost", "306912345671", "Hello Bob"),
    ]
    [act] = (await page.app[FRAME].audit.read()).entries
    assert (act.action, act.target, act.after, act.failure) == ("campaign.price", "spring", "0.06 a message", "")
    assert "3069123456" not in seen.words


@pytest.mark.usefixtures("priced")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "the provider refuses: no money", "code": "smsc.error.3"}, "the provider refuses: no money"),
        ({"records": []}, "its answer names no price"),
        ({"records": [{"cost": None, "cnt": 1}]}, "its answer names no price"),
        ({"records": [{"cost": "<b>", "cnt": "x"}]}, "its answer names no price"),
    ],
)
async def test_a_provider_that_tells_no_price_is_quoted_and_the_preview_stays(
    page: TestClient, stage: Scene, answer: dict[str, Any], words: str
) -> None:
    path = await previewed(page, file="to,name\n306912345670,Anna\n")
    async with provider(stage, {"306912345670": answer}):
        seen = check(await (await send(page, f"{path}/price")).text())
    assert f"The provider told no price: {words}" in seen.plain
    assert f"{path}/start" in seen.posts
    [act] = (await page.app[FRAME].audit.read()).entries
    assert words in act.failure


@pytest.mark.usefixtures("priced")
async def test_without_a_worker_it_says_so(page: TestClient, stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await previewed(page)
    monkeypatch.setattr(asking, "_BEGIN_WITHIN", 0.1)
    seen = check(await (await send(page, f"{path}/price")).text())
    assert "start one (volley worker track); nothing was asked" in seen.plain
    assert await stage.redis.zcard(keys.CONTROL_TRACK) == 0


async def test_a_family_that_tells_no_prices_is_not_offered(page: TestClient, stage: Scene) -> None:
    path = await previewed(page)
    assert f"{path}/price" not in (await look(page, path)).posts
    assert "its family has no call for it" in await (await send(page, f"{path}/price")).text()
