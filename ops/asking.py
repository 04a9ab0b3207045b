"""Asking a provider through a track worker, which alone knows providers and holds the limits: one job, one answer."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, Final, cast

from arq.connections import ArqRedis
from arq.constants import job_key_prefix, result_key_prefix
from arq.jobs import Job, ResultNotFound

from ops.errors import OpsError
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.jobs import LOOK_NOW, PROVIDER_CALL
from producer.contract.messages import MessageId

_BEGIN_WITHIN: Final = 10.0
_END_WITHIN: Final = 75.0
"""A job that has begun waits for the throttle and for the provider's answer; a worker gives it 60 s."""

_LOOK_EVERY: Final = 0.05

Told = dict[str, Any]  # Any: the worker's plain values


async def ask_provider(
    redis: Client, account: str, call: str, given: Mapping[str, str], manner: Mapping[str, str]
) -> Told:
    """What `worker.calling.provider_call` told: `records`, or `error` with its `code`.

    The job's result is deleted once it is read: a key may be in it. OpsError when no worker answers.
    """
    return await _told(redis, PROVIDER_CALL, account, call, given, manner)


async def ask_about(redis: Client, message: MessageId) -> Told:
    """What `worker.looking.look_now` told of one message, once it is in the books.

    `records`, `state` and the one `before`, `unknown`; or `error`. OpsError when no worker answers.
    """
    return await _told(redis, LOOK_NOW, str(message))


def failure(told: Told) -> str:
    """The error that was told, in words; empty when it went well."""
    if "error" not in told:
        return ""
    return f"{told['error']} [{told['code']}]" if told.get("code") else str(told["error"])


async def _told(redis: Client, job: str, *arguments: object) -> Told:
    """The answer of a job, which is told as its last argument until when it may begin."""
    name = f"provider:{secrets.token_hex(8)}"
    until = time.time() + _BEGIN_WITHIN
    await redis.enqueue_job(
        job, *arguments, until, _job_id=name, _queue_name=keys.CONTROL_TRACK, _expires=_BEGIN_WITHIN + 2
    )
    try:
        return await _result(redis, Job(name, cast("ArqRedis", redis), _queue_name=keys.CONTROL_TRACK))
    finally:
        await redis.delete(result_key_prefix + name)


async def _result(redis: Client, job: Job) -> Told:
    try:
        return dict(await job.result(_BEGIN_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        if await _taken_back(redis, job):
            raise OpsError(
                f"no track worker answered within {_BEGIN_WITHIN:.0f} s: start one (volley worker track);"
                " nothing was asked"
            ) from None
    try:
        return dict(await job.result(_END_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        raise OpsError(
            "a worker asks the provider and does not come to an end; it may have been done: look before you ask again"
        ) from None


async def _taken_back(redis: Client, job: Job) -> bool:
    """Whether nobody had begun the job: then nobody will."""
    if await redis.exists(f"arq:in-progress:{job.job_id}"):
        return False
    await redis.delete(job_key_prefix + job.job_id)
    return bool(await redis.zrem(keys.CONTROL_TRACK, job.job_id))
