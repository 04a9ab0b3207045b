"""Reading a long answer beside the event loop: what a provider says may take seconds, and nobody else has to wait.

Families read with pure functions, so they may do it in any thread. Python hands the processor on every few
milliseconds, so the loop goes on meanwhile; only what is short is read at once.
"""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from worker.providers.requests import Answer

T = TypeVar("T")

AT_ONCE: Final = 8 * 1024
"""Bytes that are read at once: the slowest reading takes some 6 µs a byte, so a twentieth of a second."""


async def digested(read: Callable[[Answer], T], answer: Answer) -> T:
    """What `read` makes of an answer."""
    if len(answer.body) <= AT_ONCE:
        return read(answer)
    return await asyncio.to_thread(read, answer)
