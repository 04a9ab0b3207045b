"""The intake stream against everything that was ever put together for it: nothing stops it, nothing vanishes."""

import json

from redis.asyncio import Redis

from producer.contract import keys
from tests.contract.receiving import take_all
from tests.fuzz.targets import TARGETS

GOOD = {
    "campaign": "after-all-that",
    "account": "athens",
    "text": "Hello",
    "recipients": ["306912345678"],
}
ODD = (
    {b"v": b"1", b"type": b"campaign.submit", b"body": b"[" * 100_000},
    {b"v": b"1", b"type": b"campaign.submit", b"body": b"\x1f\x8b\x08" + b"\x00" * 100},
    {b"v": b"1", b"type": b"\xff\xfe", b"body": b"{}"},
    {b"v": b"\x00", b"\xff": b"\xff"},
    {bytes([n]): b"x" for n in range(200)},
    {
        b"v": b"1",
        b"type": b"message.send",
        b"body": b'{"account":"athens","to":"306912345678","text":"' + b"x" * 2_000_000,
    },
    {
        b"v": b"1",
        b"type": b"campaign.submit",
        b"body": json.dumps(GOOD | {"not_before": "0001-01-01T00:00:00+14:00"}).encode(),
    },
    {b"v": b"1", b"type": b"campaign.submit", b"body": json.dumps(GOOD | {"campaign": "\0"}).encode()},
    {b"v": b"1", b"type": b"campaign.submit", b"body": json.dumps(GOOD | {"text": "$"}).encode()},
    {b"v": b"1", b"type": b"campaign.submit", b"body": json.dumps(GOOD | {"recipients": [[], {}, 5, None]}).encode()},
)


async def test_whatever_is_put_on_the_stream_the_next_right_entry_is_taken(redis: Redis, redis_url: str) -> None:
    """Entries from the corpus and odder ones; each is taken, or kept with a reason, and a right one comes behind."""
    for path in TARGETS["wire-entry"].cases():
        kind, _, body = path.read_bytes()[1:].partition(b"\n")
        await redis.xadd(keys.INTAKE, {b"v": b"1", b"type": kind, b"body": body})
    for fields in ODD:
        await redis.xadd(keys.INTAKE, fields)
    await redis.xadd(keys.INTAKE, {"v": "1", "type": "campaign.submit", "body": json.dumps(GOOD)})
    await take_all(redis, redis_url)
    reasons = [fields[b"reason"] for _, fields in await redis.xrange(keys.DEAD)]
    assert len(reasons) >= len(ODD)
    assert all(reasons)
    assert not any(reason.startswith(b"failed ") for reason in reasons), "what nobody foresaw"
    assert await redis.hget(keys.campaign("after-all-that"), "state") == b"running"
