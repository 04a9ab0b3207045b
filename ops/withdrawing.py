"""Cancelling single messages of a campaign: a track worker is asked, some chunks at a time."""

import secrets
from collections.abc import AsyncIterator
from typing import Final, cast

from arq.connections import ArqRedis
from arq.constants import job_key_prefix, result_key_prefix
from arq.jobs import Job, ResultNotFound

from ops.errors import OpsError
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.jobs import WITHDRAW
from producer.contract.messages import CampaignId, MessageId

_AT_ONCE: Final = 2000
_WITHIN: Final = 20.0
_LOOK_EVERY: Final = 0.02


async def cancel_messages(
    redis: Client, campaign: CampaignId, messages: AsyncIterator[MessageId], who: str
) -> AsyncIterator[int]:
    """Cancel messages of one campaign; yields how many waited and were cancelled, piece by piece.

    OpsError when no worker answers: what was yielded before is done.
    """
    piece: dict[int, list[int]] = {}
    waiting = 0
    async for message in messages:
        piece.setdefault(message.chunk, []).append(message.place)
        waiting += 1
        if waiting == _AT_ONCE:
            yield await _cancelled(redis, campaign, piece, who)
            piece, waiting = {}, 0
    if piece:
        yield await _cancelled(redis, campaign, piece, who)


async def _cancelled(redis: Client, campaign: CampaignId, piece: dict[int, list[int]], who: str) -> int:
    name = f"withdraw:{secrets.token_hex(8)}"
    await redis.enqueue_job(
        WITHDRAW,
        campaign,
        list(piece.items()),
        who,
        _job_id=name,
        _queue_name=keys.CONTROL_TRACK,
        _expires=_WITHIN,
    )
    job = Job(name, cast("ArqRedis", redis), _queue_name=keys.CONTROL_TRACK)
    try:
        return int(await job.result(_WITHIN, poll_delay=_LOOK_EVERY))
    except (TimeoutError, ResultNotFound):
        await redis.delete(job_key_prefix + name)
        await redis.zrem(keys.CONTROL_TRACK, name)
        raise OpsError("no track worker answered: start one (volley worker track), and cancel again") from None
    finally:
        await redis.delete(result_key_prefix + name)
