"""One message from its submission to its end: record, text, list entries, and the trail that it left."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ops.readings import CampaignReading, read_campaign
from ops.readings.fields import Fields
from ops.readings.reasons import explain
from ops.trail import Subject, Trail, find_trail
from producer.contract import keys
from producer.contract.campaigns import Recipient
from producer.contract.client import Client
from producer.contract.codec import decode_chunk
from producer.contract.messages import FORGOTTEN, AccountName, MessageId, MessageRecord, Msisdn, Reference
from producer.rendering import MissingValue, Template
from producer.roster import unregistered


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of one message.

    `job_at`: when its job may be taken; `look_at`: when its report is asked for next. `registered` is False while
    its campaign has not been fed so far. `is_shared`: other messages of its request have the same reference.
    """

    id: MessageId
    campaign: CampaignReading
    recipient: Recipient
    text: str
    record: MessageRecord
    words: str = ""
    registered: bool = True
    job_at: datetime | None = None
    look_at: datetime | None = None
    uncertain_since: datetime | None = None
    is_suppressed: bool = False
    shelved: bool = False
    is_shared: bool = False
    trail: Trail = field(default_factory=Trail)


async def read_story(redis: Client, message: MessageId) -> Story | None:
    """The message as the books have it, without what is to be looked for; None when there is none."""
    campaign = await read_campaign(redis, message.campaign)
    packed = await redis.hget(keys.chunks(message.campaign), str(message.chunk))
    recipients = decode_chunk(packed) if packed else ()
    if campaign is None or message.place >= len(recipients):
        return None
    recipient, account = recipients[message.place], campaign.progress.account
    if recipient.msisdn == FORGOTTEN:
        recipient = Recipient(msisdn=Msisdn(""))
    found, rest, words = await _record(redis, message, account)
    record = MessageRecord.unpack(found) if found else unregistered(rest)
    return Story(
        id=message,
        campaign=campaign,
        recipient=recipient,
        text=_rendered(campaign.campaign.text, recipient),
        record=record,
        words=explain(record.code, words) if record.code else "",
        registered=found is not None,
        **await _lists(redis, campaign, message, record, recipient),
    )


async def find(redis: Client, story: Story) -> Trail:
    """Look for the message in exchanges, journal and audit log (`trail`): keep the answer for a while."""
    subject = Subject(
        message=story.id,
        account=story.campaign.progress.account,
        record=story.record,
        msisdn=story.recipient.msisdn,
        since=story.campaign.campaign.created_at,
        is_shared=story.is_shared,
    )
    return await find_trail(redis, subject)


async def _record(
    redis: Client, message: MessageId, account: AccountName
) -> tuple[bytes | None, bytes | None, Fields]:
    async with redis.pipeline(transaction=False) as pipe:
        pipe.hget(keys.records(message.campaign, message.chunk), str(message.place))
        pipe.hget(keys.campaign(message.campaign), "rest")
        pipe.hgetall(keys.words(account))
        record, rest, words = await pipe.execute()
    return record, rest, words


async def _lists(
    redis: Client, campaign: CampaignReading, message: MessageId, record: MessageRecord, recipient: Recipient
) -> dict[str, Any]:  # Any: fields of Story
    """Where the message stands in what workers go by."""
    account, reference = campaign.progress.account, record.reference
    async with redis.pipeline(transaction=False) as pipe:
        pipe.zscore(keys.queue(account, campaign.campaign.lane), str(message))
        pipe.zscore(keys.due(account), reference or "-")
        pipe.zscore(keys.uncertain(account), str(message))
        pipe.hexists(keys.SUPPRESSED, recipient.msisdn)
        pipe.hexists(keys.orphans(account), reference or "-")
        pipe.hget(keys.reference(account, reference or Reference("-")), reference or "-")
        job, look, since, suppressed, shelved, behind = await pipe.execute()
    return {
        "job_at": _at(job / 1000) if job else None,
        "look_at": _at(look) if look else None,
        "uncertain_since": _at(since) if since else None,
        "is_suppressed": bool(suppressed),
        "shelved": bool(shelved),
        "is_shared": b"," in (behind or b""),
    }


def _rendered(text: str, recipient: Recipient) -> str:
    try:
        return Template.parse(text).render(recipient.values)
    except (MissingValue, ValueError):
        return text


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
