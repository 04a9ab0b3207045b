"""One message from its submission to its end: record, list entries, decisions, and the raw answers that name it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ops.readings import CampaignReading, read_campaign
from ops.readings.fields import Fields, readable
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.campaigns import Recipient
from producer.contract.client import Client
from producer.contract.codec import decode_chunk
from producer.contract.messages import FORGOTTEN, AccountName, MessageId, MessageRecord, Msisdn
from producer.masking import Mask
from producer.rendering import MissingValue, Template
from producer.roster import unregistered

_PAGE: Final = 50
_MOST_ENTRIES: Final = 400
_MOST_BYTES: Final = 8 * 1024 * 1024
"""How much of a journal is looked through for one message."""

_AROUND: Final = 300
_MOST_FOUND: Final = 20
_AFTER: Final = 5.0
_MOST_ACTS: Final = 1000

_DIGITS: Final = b"+0123456789"
_MASK: Final = Mask()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """One answer of the provider that names the message: what stands around it, secrets and numbers masked."""

    at: datetime
    call: str
    status: int
    size: int
    excerpt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What an operator did about the message, from the audit log."""

    at: datetime
    who: str
    action: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What journal and audit log have of a message; `looked_through`: journal entries that were searched for it."""

    answers: tuple[RawAnswer, ...] = ()
    looked_through: int = 0
    decisions: tuple[Decided, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is known of one message.

    `job_at`: when its job may be taken; `look_at`: when its report is asked for next. `registered` is False while
    its campaign has not been fed so far.
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
    found: Found = field(default_factory=Found)


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


async def find(redis: Client, story: Story) -> Found:
    """Look for the message in the journal and the audit log.

    What it costs is bounded, whatever they hold, but may be some megabytes: keep the answer for a while.
    """
    account = story.campaign.progress.account
    answers, count = await _answers(redis, account, story.record, story.recipient)
    return Found(answers=answers, looked_through=count, decisions=await _decisions(redis, story.id))


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
        job, look, since, suppressed, shelved = await pipe.execute()
    return {
        "job_at": _at(job / 1000) if job else None,
        "look_at": _at(look) if look else None,
        "uncertain_since": _at(since) if since else None,
        "is_suppressed": bool(suppressed),
        "shelved": bool(shelved),
    }


async def _answers(
    redis: Client, account: AccountName, record: MessageRecord, recipient: Recipient
) -> tuple[tuple[RawAnswer, ...], int]:
    """Answers that name the submission, newest first: from a little after its last change backwards."""
    names = [name.encode() for name in (record.reference, recipient.msisdn) if name]
    top = f"{int((record.changed_at + _AFTER) * 1000)}" if record.state.is_final else "+"
    found: list[RawAnswer] = []
    entries = size = 0
    while entries < _MOST_ENTRIES and size < _MOST_BYTES and len(found) < _MOST_FOUND:
        rows: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(keys.journal(account), max=top, count=_PAGE)
        for entry, fields in rows:
            body = fields.get(b"body", b"")
            entries, size = entries + 1, size + len(body)
            if (place := _first_place(body, names)) >= 0:
                found.append(_raw(entry, fields, body, place))
        if len(rows) < _PAGE:
            break
        top = f"({rows[-1][0].decode()}"
    return tuple(found[:_MOST_FOUND]), entries


def _first_place(body: bytes, names: list[bytes]) -> int:
    """Where the submission is named as a whole word; -1 where it is not."""
    for name in names:
        begin = body.find(name)
        while begin >= 0:
            around = body[max(0, begin - 1) : begin] + body[begin + len(name) : begin + len(name) + 1]
            if not any(chr(byte).isalnum() for byte in around):
                return begin
            begin = body.find(name, begin + 1)
    return -1


def _raw(entry: bytes, fields: Fields, body: bytes, place: int) -> RawAnswer:
    first, last = max(0, place - _AROUND), min(len(body), place + _AROUND)
    cut = body[first:last].strip(_DIGITS if first or last < len(body) else b"")  # part of a number is not seen as one
    text = _MASK.text(readable(cut), longest=4 * _AROUND, lines=True)
    return RawAnswer(
        at=_at(int(entry.partition(b"-")[0]) / 1000),
        call=readable(fields.get(b"call", b"")),
        status=int(fields.get(b"status", b"0")),
        size=len(body),
        excerpt=("… " if first else "") + text + (" …" if last < len(body) else ""),
    )


async def _decisions(redis: Client, message: MessageId) -> tuple[Decided, ...]:
    """What the newest entries of the audit log say of it, oldest first."""
    entries: Sequence[tuple[bytes, Fields]] = await redis.xrevrange(keys.AUDIT, count=_MOST_ACTS)
    wanted = str(message).encode()
    return tuple(
        Decided(
            at=_at(int(entry.partition(b"-")[0]) / 1000),
            who=readable(fields.get(b"who", b"")),
            action=readable(fields.get(b"action", b"")),
            before=readable(fields.get(b"before", b"")),
            after=readable(fields.get(b"after", b"")) or readable(fields.get(b"failure", b"")),
        )
        for entry, fields in reversed(entries)
        if fields.get(b"target") == wanted
    )


def _rendered(text: str, recipient: Recipient) -> str:
    try:
        return Template.parse(text).render(recipient.values)
    except (MissingValue, ValueError):
        return text


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
