"""One person out of what is kept for each account: the orphan shelf, confirmation calls, incoming messages seen."""

from typing import Final

import orjson

from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName
from worker.forgetting.found import Found
from worker.forgetting.needle import Needle
from worker.forgetting.recipients import REPLACE

_ENTRIES_A_TRIP: Final = 500


async def erase_from_account(redis: Client, name: AccountName, needle: Needle, found: Found) -> None:
    """Erase what the account's own books hold; bounded, because they are (50,000 reports on the shelf)."""
    found.reports += await _shelf(redis, name, needle)
    found.calls += await redis.hdel(keys.calls(name), needle.msisdn)
    async for member, _ in redis.zscan_iter(keys.incoming_seen(name), count=_ENTRIES_A_TRIP):
        if needle.is_in(member):
            await redis.zrem(keys.incoming_seen(name), member)


async def _shelf(redis: Client, name: AccountName, needle: Needle) -> int:
    """A report loses its number and is kept: it may be all that will ever be said of its submission."""
    erased = 0
    shelf = keys.orphans(name)
    async for reference, data in redis.hscan_iter(shelf, count=_ENTRIES_A_TRIP):
        if needle.is_in(data):
            kept = orjson.dumps(orjson.loads(data) | {"msisdn": ""})
            erased += await REPLACE.run(redis, [shelf], ["hash", reference, data, kept])
    return erased
