"""Ending tasks for certain: cancel until they are over."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

_AGAIN: Final = 0.1


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:  # Any: whatever the tasks return
    """Cancel tasks until all are over; what ended them is theirs to tell.

    Once is not enough: before Python 3.12 a cancellation that meets redis-py's `wait_for` just as it ends is
    swallowed, and the task goes on.
    """
    open_tasks = {task for task in tasks if not task.done()}
    while open_tasks:
        for task in open_tasks:
            task.cancel()
        _, open_tasks = await asyncio.wait(open_tasks, timeout=_AGAIN)
