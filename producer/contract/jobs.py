"""The arq jobs of Volley: their names, their bodies in arq's own wire format, how long they live."""

import time
from typing import Final

from arq.jobs import serialize_job

from producer.contract.messages import MessageId

SEND_MESSAGE: Final = "send_message"
FEED: Final = "feed"

JOB_PREFIX: Final = "arq:job:"
JOB_LIFE: Final = 7 * 86_400.0
"""Seconds until an unfinished job's body disappears; the sweeper makes it anew from the ledger."""


def send_body(message: MessageId) -> bytes:
    """The body of a message's job, as `arq.enqueue_job("send_message", str(message))` would write it."""
    return serialize_job(SEND_MESSAGE, (str(message),), {}, None, int(time.time() * 1000))
