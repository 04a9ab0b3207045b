"""What nobody foresaw while a request was sent: logged, its messages uncertain, and the consumer lives on."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from msgspec import structs

from producer.contract.states import Event
from worker.ledger import Claimed, Write
from worker.preparing import Prepared
from worker.submitting import released

FAILED: Final = "volley.worker_failed"

_AFTER_FAILURE: Final = 1.0
"""Seconds: what fails at once, each time, must not take the whole processor."""

log = structlog.get_logger(__name__)


async def outlive(work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it returns, and anew when it fails, which is logged. A cancellation ends both."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("consumer_failed")
            await asyncio.sleep(_AFTER_FAILURE)
        else:
            return


def doubted(prepared: Prepared, claimed: Sequence[Claimed]) -> list[Write]:
    """What is recorded of a request when nobody knows how far it came."""
    return [structs.replace(write, event=Event.DOUBT, code=FAILED, fence="") for write in released(prepared, claimed)]
