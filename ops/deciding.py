"""A person's decision about an uncertain message, handed to a track worker: only the ledger moves messages."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from ops.errors import OpsError
from ops.messages import read_message
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.jobs import RESOLVE
from producer.contract.messages import MessageId
from producer.contract.states import State

# what each decision does
DECISIONS: Final[Mapping[str, str]] = {
    "sent": "taken as sent; a report may still come",
    "failed": "ended as rejected; it is never sent again",
    "resend": "sent again; its recipient may get it twice",
}

_LOOK_EVERY: Final = 0.1


class DecisionError(OpsError):
    """There is nothing to decide, or nobody who carries it out."""


async def undecided(redis: Client, message: MessageId) -> State:
    """The state of a message that can be decided about; DecisionError in words when there is no such."""
    record = await read_message(redis, message)
    if record is None:
        raise DecisionError(f"there is no message {str(message)[:80]!r}; `volley uncertain list` lists them")
    if record.state is not State.UNCERTAIN:
        raise DecisionError(f"message {message} is {record.state}, not uncertain: there is nothing to decide")
    return record.state


async def ask_to_decide(redis: Client, messages: Sequence[MessageId], decision: str, who: str) -> None:
    """Ask a track worker to move these messages as `decision`, a name of `DECISIONS`, says."""
    for message in messages:
        await redis.enqueue_job(
            RESOLVE,
            str(message),
            decision,
            who,
            _job_id=f"resolve:{message}:{decision}",
            _queue_name=keys.CONTROL_TRACK,
        )


async def decided(redis: Client, message: MessageId, *, within: float) -> State:
    """The state that the message has once it is uncertain no longer; DecisionError when no worker comes to it."""
    until = time.monotonic() + within
    while True:
        record = await read_message(redis, message)
        if record is not None and record.state is not State.UNCERTAIN:
            return record.state
        if time.monotonic() >= until:
            raise DecisionError(
                f"no track worker answered within {within:.0f} s: start one (volley worker track), and it carries the"
                " decision out"
            )
        await asyncio.sleep(_LOOK_EVERY)
