"""The arq jobs of Volley: their names, and their bodies in arq's own wire format.

A message's job differs from the next one's in a single string: the message id. So the scripts that make
jobs are given the body in two parts and put the id between them, and one call can make hundreds. The
parts are pickle protocol 2, where a string is `X`, its length in four bytes (little end first) and its
bytes, with nothing around it that depends on the length. A stock arq worker reads the result.
"""

import pickle
import time
from typing import Final, NamedTuple

from arq.jobs import serialize_job

SEND_MESSAGE: Final = "send_message"
FEED: Final = "feed"
RESOLVE: Final = "resolve"
REPAIR: Final = "repair"
FORGET: Final = "forget"
PROVIDER_CALL: Final = "provider_call"
LOOK_NOW: Final = "look_now"
EXPORT: Final = "export"

JOB_PREFIX: Final = "arq:job:"
JOB_LIFE: Final = 7 * 86_400
"""Seconds until an unfinished job's body disappears; the sweeper makes it anew from the ledger."""

_MARK: Final = "volley-message-id"


class BodyParts(NamedTuple):
    """What stands before and after the message id (with its length) in the body of its job."""

    head: bytes
    tail: bytes


def send_body_parts() -> BodyParts:
    """Parts of the body that `arq.enqueue_job("send_message", message_id)` would write now."""
    whole = serialize_job(SEND_MESSAGE, (_MARK,), {}, None, int(time.time() * 1000), serializer=_pickle)
    head, tail = whole.split(_string(_MARK))
    return BodyParts(head, tail)


def send_body(message_id: str) -> bytes:
    """The whole body for one message, as the scripts build it."""
    head, tail = send_body_parts()
    return head + _string(message_id) + tail


def _pickle(job: dict[str, object]) -> bytes:
    return pickle.dumps(job, protocol=2)


def _string(text: str) -> bytes:
    data = text.encode()
    return b"X" + len(data).to_bytes(4, "little") + data
