"""Gathering the recipients of failed messages that match a filter into a file, to be submitted as a new campaign."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO, Final

import orjson

from ops.messages import MessageReading
from producer.contract.messages import Msisdn
from producer.contract.states import State

NUMBER: Final = "number of the recipient"
"""The column of the file: no name that a template could mean by chance."""

AGAIN: Final = (State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED)
"""States of which nothing more is to come, and in which nobody was reached."""

_AT_ONCE: Final = 2000


class TooManyError(ValueError):
    """More recipients than a file may hold."""


async def gather(messages: AsyncIterator[MessageReading], path: Path, *, most_bytes: int) -> int:
    """Write a line of JSON for each message that nobody got; how many there are. TooManyError past `most_bytes`."""
    count, rows = 0, bytearray()
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async for message in messages:
            if message.record.state not in AGAIN:
                continue
            rows += _line(message.msisdn, message.values)
            count += 1
            if not count % _AT_ONCE:
                rows = await _written(file, rows, most_bytes)
        await _written(file, rows, most_bytes)
    finally:
        await asyncio.to_thread(file.close)
    return count


async def _written(file: IO[bytes], rows: bytearray, most: int) -> bytearray:
    """Write the rows; an empty buffer."""
    if file.tell() + len(rows) > most:
        raise TooManyError(f"they do not fit into {most // 2**20} MiB: narrow the filter")
    await asyncio.to_thread(file.write, rows)
    return bytearray()


def _line(msisdn: Msisdn, values: Mapping[str, str]) -> bytes:
    return orjson.dumps({**values, NUMBER: msisdn}, option=orjson.OPT_APPEND_NEWLINE)
