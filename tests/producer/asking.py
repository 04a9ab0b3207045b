"""What the tests of the producer's client ask for: one announced account, numbers, a small campaign."""

from producer.client import CampaignProducer
from producer.directory import AccountEntry
from producer.storing import Submitted

ATHENS = AccountEntry(
    name="athens", family="plain", host="h", login="l", rate=10, in_flight=2, batch=1, longest_text=160
)


def numbers(count: int, *, first: int = 0) -> list[str]:
    """So many different MSISDNs."""
    return [f"3069{10000000 + place}" for place in range(first, first + count)]


async def submit(producer: CampaignProducer, **asked: object) -> Submitted:
    wanted = {"account_name": "athens", "text": "hello", "recipients": numbers(3), "campaign_id": "spring", **asked}
    return await producer.submit(**wanted)
