"""The uncertain messages: perhaps sent, and not yet resolved by evidence, policy or a person."""

from dataclasses import dataclass
from datetime import UTC, datetime

from ops.readings.fields import Fields, readable
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.messages import AccountName, MessageId, MessageRecord
from producer.directory import accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainReading:
    """One uncertain message. `code` says why, in short; `words` in plain words where they are known."""

    account: AccountName
    message: MessageId
    since: datetime
    code: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainPage:
    """Some uncertain messages, oldest first, beginning at `offset` of `total`."""

    messages: tuple[UncertainReading, ...]
    total: int
    offset: int = 0


async def read_uncertain(
    redis: Client, *, account: AccountName | None = None, offset: int = 0, limit: int = 100
) -> UncertainPage:
    """The uncertain messages of one account, or of all; three round trips."""
    names = [account] if account is not None else list(await accounts(redis))
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.zcard(keys.uncertain(name))
            pipe.zrange(keys.uncertain(name), 0, offset + limit - 1, withscores=True)
            pipe.hgetall(keys.words(name))
        answers = await pipe.execute()
    words: dict[AccountName, Fields] = dict(zip(names, answers[2::3], strict=True))
    found = sorted(
        (since, name, MessageId.parse(readable(member)))
        for name, members in zip(names, answers[1::3], strict=True)
        for member, since in members
    )[offset : offset + limit]
    async with redis.pipeline(transaction=False) as pipe:
        for _, _, message in found:
            pipe.hget(keys.records(message.campaign, message.chunk), str(message.place))
        records = await pipe.execute()
    messages = tuple(
        _reading(name, message, since, packed, words[name])
        for (since, name, message), packed in zip(found, records, strict=True)
    )
    return UncertainPage(messages=messages, total=sum(answers[::3]), offset=offset)


def _reading(
    account: AccountName, message: MessageId, since: float, packed: bytes | None, words: Fields
) -> UncertainReading:
    code = MessageRecord.unpack(packed).code if packed else ""
    return UncertainReading(
        account=account,
        message=message,
        since=datetime.fromtimestamp(since, UTC),
        code=code,
        words=explain(code, words),
    )
