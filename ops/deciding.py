"""A person's decision about an uncertain message, handed to a track worker: only the ledger moves messages.

Each decision is a job of its own, and that job's own result tells whether it moved the message: of several at once
one does, and the others are refused.
"""

import asyncio
import secrets
import time
from collections.abc import Mapping
from typing import Final, cast

from arq.connections import ArqRedis
from arq.constants import result_key_prefix
from arq.jobs import Job, JobStatus

from ops.errors import OpsError
from ops.messages import read_message
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.jobs import RESOLVE
from producer.contract.messages import MessageId, MessageRecord
from producer.contract.states import State

# what each decision does
DECISIONS: Final[Mapping[str, str]] = {
    "sent": "taken as sent; a report may still come",
    "failed": "ended as rejected; it is never sent again",
    "resend": "sent again; its recipient may get it twice",
}

_LOOK_EVERY: Final = 0.1


class DecisionError(OpsError):
    """There is nothing to decide, somebody else decided, or nobody carries it out."""


class NotYetError(DecisionError):
    """No worker has come to the decision; it waits for one."""


async def undecided(redis: Client, message: MessageId) -> MessageRecord:
    """The record of a message that can be decided about; DecisionError in words when there is no such."""
    record = await read_message(redis, message)
    if record is None:
        raise DecisionError(f"there is no message {str(message)[:80]!r}; `volley uncertain list` lists them")
    if record.state is not State.UNCERTAIN:
        raise DecisionError(f"message {message} is {record.state}, not uncertain: there is nothing to decide")
    return record


async def ask_to_decide(
    redis: Client, doubted: Mapping[MessageId, MessageRecord], decision: str, who: str
) -> dict[MessageId, str]:
    """Ask a track worker to move these messages as `decision`, a name of `DECISIONS`, says; the job of each.

    `doubted`: each with the record that was decided about; the decision is about no later attempt.
    """
    jobs = {message: f"resolve:{message}:{decision}:{secrets.token_hex(8)}" for message in doubted}
    for message, record in doubted.items():
        await redis.enqueue_job(
            RESOLVE,
            str(message),
            decision,
            who,
            record.attempts,
            _job_id=jobs[message],
            _queue_name=keys.CONTROL_TRACK,
        )
    return jobs


async def decided(redis: Client, message: MessageId, job: str, *, within: float) -> State:
    """The state that this very decision, the job of `ask_to_decide`, gave the message.

    Looks for `within` seconds. NotYetError when no worker came to it, else DecisionError when it moved nothing. The
    job's result is deleted once it is read; where nobody reads it, it expires.
    """
    until = time.monotonic() + within
    asked = Job(job, cast("ArqRedis", redis), _queue_name=keys.CONTROL_TRACK)
    while True:
        status = await asked.status()
        if status is JobStatus.complete and (told := await asked.result_info()) is not None:
            await redis.delete(result_key_prefix + job)
            return _state(message, told.result, is_success=told.success)
        if status is JobStatus.not_found:
            raise DecisionError(_without_result(message))
        if time.monotonic() >= until:
            break
        await asyncio.sleep(_LOOK_EVERY)
    if status is JobStatus.in_progress:
        raise DecisionError(_without_result(message))
    raise NotYetError(
        f"no track worker answered within {within:.0f} s: start one (volley worker track), and it carries out the"
        " decision that was asked for first"
    )


def _state(message: MessageId, told: object, *, is_success: bool) -> State:
    """The state of a job that moved its message; DecisionError for every other end."""
    if not is_success or not isinstance(told, dict):
        raise DecisionError(f"nothing was decided about message {message}: {str(told)[:200]}")
    state = State(told["state"])
    if told["moved"]:
        return state
    if state is State.UNCERTAIN:
        raise DecisionError(f"message {message} was sent again and is uncertain anew: look at it, and decide again")
    raise DecisionError(f"somebody else decided about message {message}, or evidence came: it is {state} now")


def _without_result(message: MessageId) -> str:
    return (
        f"a worker began and did not come to an end; it may have been done: look at message {message} before you"
        " decide again"
    )
