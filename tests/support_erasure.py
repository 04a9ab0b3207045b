"""Everything that a Redis holds, as bytes that a person could be found in: names, fields, values, chunks unpacked."""

import zlib
from collections.abc import AsyncIterator, Awaitable, Iterator

from redis.asyncio import Redis


async def places_of(redis: Redis, *needles: str) -> list[str]:
    """Where any of these stands: key and text. Every key of every type is read whole."""
    return [
        f"{key}: {needle}"
        async for key, data in everything(redis)
        for needle in needles
        if needle.encode() in data or needle.encode("utf-16-le") in data
    ]


async def everything(redis: Redis) -> AsyncIterator[tuple[str, bytes]]:
    """Each key with each piece of what is under it."""
    async for key in redis.scan_iter(count=1000):
        name = key.decode()
        yield name, key
        for piece in await _pieces(redis, key):
            for data in _unpacked(piece):
                yield name, data


async def _pieces(redis: Redis, key: bytes) -> list[bytes]:
    readers = {
        "string": lambda: _several(redis.get(key)),
        "hash": lambda: _pairs(redis.hgetall(key)),
        "list": lambda: redis.lrange(key, 0, -1),
        "set": lambda: redis.smembers(key),
        "zset": lambda: redis.zrange(key, 0, -1),
        "stream": lambda: _entries(redis.xrange(key)),
        "none": lambda: _several(redis.get(key)),  # it went meanwhile
    }
    return list(await readers[(await redis.type(key)).decode()]())


async def _several(reading: Awaitable[bytes | None]) -> list[bytes]:
    return [await reading or b""]


async def _pairs(reading: Awaitable[dict[bytes, bytes]]) -> list[bytes]:
    return [part for pair in (await reading).items() for part in pair]


async def _entries(reading: Awaitable[list[tuple[bytes, dict[bytes, bytes]]]]) -> list[bytes]:
    return [part for _, fields in await reading for pair in fields.items() for part in pair]


def _unpacked(piece: bytes) -> Iterator[bytes]:
    """The piece, and what it is when it is a chunk: compressed behind one or three bytes."""
    yield piece
    for head in (0, 1, 3):
        try:
            yield zlib.decompress(piece[head:])
        except zlib.error:
            continue
