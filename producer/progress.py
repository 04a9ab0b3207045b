"""Reading how far a campaign is: one round trip, whatever its size."""

from datetime import UTC, datetime

from producer.contract import keys
from producer.contract.campaigns import CampaignState, Progress
from producer.contract.client import Client
from producer.contract.messages import AccountName, CampaignId
from producer.contract.states import State


async def read_progress(redis: Client, campaign: CampaignId) -> Progress | None:
    """The campaign's counts, or None when there is none (or it is still loading)."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hgetall(keys.campaign(campaign))
        pipe.hgetall(keys.counts(campaign))
        pipe.hgetall(keys.reasons(campaign))
        fields, counts, reasons = await pipe.execute()
    if not fields or fields[b"state"] == CampaignState.LOADING.encode():
        return None
    return Progress(
        campaign=campaign,
        account=AccountName(fields[b"account"].decode()),
        state=CampaignState(fields[b"state"].decode()),
        total=int(fields.get(b"total", 0)),
        states={State(name.decode()): int(count) for name, count in counts.items() if int(count)},
        reasons={code.decode(): int(count) for code, count in reasons.items()},
        refused=int(fields.get(b"refused", 0)),
        duplicates=int(fields.get(b"duplicates", 0)),
        created_at=_time(fields.get(b"created_at")),
        finished_at=_time(fields.get(b"finished_at")),
    )


def _time(seconds: bytes | None) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
