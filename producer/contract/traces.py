"""Which trace a message is: derived from its id, so that nothing is stored and every process knows the same one."""

import hashlib
from typing import Final

from producer.contract.messages import MessageId

_TRACE: Final = 16
_SPAN: Final = 8
_WIDEST: Final = 1 << 64


def trace_id(message: MessageId) -> int:
    """The 128-bit trace id of a message; `f"{…:032x}"` is how tracing systems show it."""
    return int.from_bytes(_digest(message)[:_TRACE]) or 1


def root_span_id(message: MessageId) -> int:
    """The 64-bit id of the span that covers the whole message; every other span of its trace is under it."""
    return int.from_bytes(_digest(message)[_TRACE:]) or 1


def is_sampled(message: MessageId, share: float) -> bool:
    """Whether the message is among the `share` (0 to 1) that is traced: the same answer in every process."""
    return trace_id(message) % _WIDEST < share * _WIDEST


def _digest(message: MessageId) -> bytes:
    return hashlib.blake2b(str(message).encode(errors="surrogatepass"), digest_size=_TRACE + _SPAN).digest()
