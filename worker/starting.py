"""What a worker says at its start about the Redis that it was given: nothing, when all is as it should be."""

import structlog

from producer.contract.client import Client
from producer.server import concerns, read_server

log = structlog.get_logger(__name__)


async def look_at_redis(redis: Client) -> None:
    """Warn of every setting of the server that breaks a promise. Work goes on: it may be put right while we run."""
    for concern in concerns(await read_server(redis)):
        log.warning("redis_setting_wrong", name=concern.name, wrong=concern.wrong, remedy=concern.remedy)
