"""A message whose page is looked at in tests: where it is, in doubt, and a worker that takes decisions about it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp.test_utils import TestClient
from arq.worker import Function

from ops.web import FRAME
from producer.contract import keys
from producer.contract.messages import MessageId
from producer.contract.states import Event
from tests.worker.scene import Scene
from worker.engine.control import ControlWorker

NUMBER = "306912345670"
PATH = "/campaigns/spring/messages/0.0"


async def doubted(stage: Scene, *, count: int = 1) -> list[MessageId]:
    """Messages that were perhaps sent, the first of them to NUMBER."""
    recipients = [NUMBER, *(f"3069123456{number}" for number in range(71, 70 + count))]
    messages = await stage.fed("spring", count, recipients=recipients)
    for place, message in enumerate(messages):
        await stage.claim(message, reference=f"v{place}")
        await stage.record(message, Event.DOUBT, reference=f"v{place}", code="volley.answer_lost")
    return messages


@asynccontextmanager
async def tracking(stage: Scene, *functions: Function | Callable[..., Awaitable[Any]]) -> AsyncIterator[None]:
    """A track worker's control queue with these functions."""
    context = {"reader": stage.reader, "ledger": stage.ledger, "give_up_after": 60.0}
    worker = ControlWorker(keys.CONTROL_TRACK, stage.redis, functions, context=context)
    running = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        await worker.stop(5)
        await asyncio.gather(running, return_exceptions=True)


async def acts(page: TestClient) -> list[tuple[str, str, str, str]]:
    entries = (await page.app[FRAME].audit.read()).entries
    return [(entry.action, entry.target, entry.before, entry.after) for entry in entries]
