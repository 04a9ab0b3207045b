"""A small stage for the worker's tests: one account of a plain family, campaigns on it, and its books checked."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, Lane
from producer.contract.client import Client
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import CampaignId, MessageId, MessageRecord, Reference
from producer.contract.states import Event, State
from producer.directory import AccountEntry, announce
from producer.pool import connect
from tests.worker.plain import plain_account
from worker.feeding import Feeder
from worker.ledger import Claimed, ClaimRequest, Evidence, Ledger, LedgerReader, Recorded, Write
from worker.ledger.accounts import AccountBook
from worker.settings import Account


def entry(account: Account) -> AccountEntry:
    return AccountEntry(
        name=account.name,
        family=account.family.name,
        host="localhost",
        login=f"login-{account.name}",
        rate=account.limits.rate,
        in_flight=account.limits.in_flight,
        batch=account.limits.batch,
        longest_text=account.family.rules.longest_text,
    )


def numbers(count: int, *, first: int = 0) -> list[str]:
    """So many different MSISDNs."""
    return [f"3069{10000000 + place}" for place in range(first, first + count)]


@dataclass
class Scene:
    """One account on one Redis, with everything that writes its books."""

    redis: Client
    account: Account
    ledger: Ledger
    reader: LedgerReader
    book: AccountBook
    producer: CampaignProducer
    feeder: Feeder
    references: int = 0

    async def submit(self, campaign: str = "spring", count: int = 3, **asked: object) -> CampaignId:
        wanted = {"text": "hello", "recipients": numbers(count), **asked}
        submitted = await self.producer.submit(account_name=self.account.name, campaign_id=campaign, **wanted)
        return submitted.campaign

    async def fed(self, campaign: str = "spring", count: int = 3, **asked: object) -> list[MessageId]:
        """A campaign submitted and fed whole; its messages."""
        name = await self.submit(campaign, count, **asked)
        await self.feeder.step()
        return [MessageId(campaign=name, chunk=i // CHUNK_SIZE, place=i % CHUNK_SIZE) for i in range(count)]

    def request(self, messages: Sequence[MessageId], *, reference: str | None = None, **more: object) -> ClaimRequest:
        self.references += 1
        return ClaimRequest(
            campaign=messages[0].campaign,
            account=self.account.name,
            lane=more.pop("lane", Lane.BULK),
            messages=tuple(messages),
            reference=Reference(f"v{self.references:016x}" if reference is None else reference),
            login="login",
            **more,
        )

    async def claim(self, *messages: MessageId, **more: object) -> list[Claimed]:
        [claimed] = await self.ledger.claim([self.request(messages, **more)])
        return list(claimed)

    def write(
        self,
        message: MessageId,
        event: Event,
        *,
        attempt: int = 1,
        reference: str = "r1",
        seconds: float = 30.0,
        code: str = "",
        told: bool = True,
        fence: str = "",
    ) -> Write:
        return Write(
            message=message,
            account=self.account.name,
            lane=Lane.BULK,
            attempt=attempt,
            event=event,
            reference=Reference(reference),
            told=told,
            seconds=seconds,
            code=code,
            fence=fence,
        )

    async def record(self, message: MessageId, event: Event, **more: object) -> Recorded:
        [recorded] = await self.ledger.record([self.write(message, event, **more)])
        return recorded

    async def submitted(self, message: MessageId, *, reference: str = "r1") -> None:
        """Claimed and submitted under `reference`."""
        await self.claim(message, reference=reference)
        await self.record(message, Event.SUBMIT, reference=reference)

    async def apply(
        self, message: MessageId, event: Event, *, reference: str = "", code: str = "", seconds: float = 0.0
    ) -> tuple[State | None, bool]:
        evidence = Evidence(
            message=message,
            account=self.account.name,
            lane=Lane.BULK,
            event=event,
            reference=Reference(reference),
            code=code,
            seconds=seconds,
        )
        [(_, state, moved)] = await self.ledger.apply([evidence])
        return state, moved

    async def close(self, campaign: CampaignId, event: Event = Event.CANCEL, code: str = "") -> int:
        place = await self.reader.place(campaign)
        return await self.ledger.close(campaign, place.chunks, event, code, account=self.account.name, lane=Lane.BULK)

    async def requeue(self, campaign: CampaignId) -> int:
        place = await self.reader.place(campaign)
        return await self.ledger.requeue(campaign, range(place.chunks), account=self.account.name, lane=Lane.BULK)

    async def record_of(self, message: MessageId) -> MessageRecord:
        return (await self.reader.records([message]))[message]

    async def state_of(self, message: MessageId) -> State:
        return (await self.record_of(message)).state

    async def counts(self, campaign: CampaignId) -> dict[str, int]:
        counted = await self.redis.hgetall(keys.counts(campaign))
        return {word.decode(): int(count) for word, count in counted.items() if int(count)}

    async def campaign_state(self, campaign: CampaignId) -> str:
        return (await self.redis.hget(keys.campaign(campaign), "state")).decode()

    async def make_due(self, message: MessageId) -> None:
        """As if the wait (or the lease) of this message had run out a moment ago."""
        await self._rewrite(message, due_at=1)
        await self.redis.zadd(keys.queue(self.account.name, Lane.BULK), {str(message): 1000}, xx=True)

    async def age(self, message: MessageId, seconds: int) -> None:
        """As if this message had come into its state `seconds` earlier."""
        record = await self.record_of(message)
        await self._rewrite(message, changed_at=record.changed_at - seconds)

    async def _rewrite(self, message: MessageId, **fields: int) -> None:
        record = await self.record_of(message)
        named = {name: getattr(record, name) for name in MessageRecord.__slots__} | fields
        packed = MessageRecord(**named).pack()
        await self.redis.hset(keys.records(message.campaign, message.chunk), str(message.place), packed)

    async def queued(self, lane: Lane = Lane.BULK) -> set[str]:
        names = await self.redis.zrange(keys.queue(self.account.name, lane), 0, -1)
        return {name.decode() for name in names}

    async def due(self) -> set[str]:
        return {name.decode() for name in await self.redis.zrange(keys.due(self.account.name), 0, -1)}

    async def uncertain(self) -> set[str]:
        return {name.decode() for name in await self.redis.zrange(keys.uncertain(self.account.name), 0, -1)}

    async def mistakes(self, campaign: CampaignId, lane: Lane = Lane.BULK) -> list[str]:
        """Everything in the books of a campaign that does not fit together; empty when all does."""
        place = await self.reader.place(campaign)
        records: dict[MessageId, MessageRecord] = {}
        for chunk in range(place.chunks):
            for spot, packed in (await self.redis.hgetall(keys.records(campaign, chunk))).items():
                message = MessageId(campaign=campaign, chunk=chunk, place=int(spot))
                records[message] = MessageRecord.unpack(packed)
        found = [*await self._miscounted(campaign, records)]
        queued, due, uncertain = await self.queued(lane), await self.due(), await self.uncertain()
        for message, record in records.items():
            body = await self.redis.exists(JOB_PREFIX + str(message))
            wants_job = record.state in {State.QUEUED, State.DEFERRED, State.IN_FLIGHT}
            may_lack = place.state == "paused" or place.requeue
            if wants_job and not may_lack and (str(message) not in queued or not body):
                found.append(f"{message} is {record.state} and has no job (body: {body})")
            if not wants_job and (str(message) in queued or body):
                found.append(f"{message} is {record.state} and has a job still (body: {body})")
            if (record.state is State.UNCERTAIN) != (str(message) in uncertain):
                found.append(f"{message} is {record.state}; listed as uncertain: {str(message) in uncertain}")
            is_followed = record.state in {State.SUBMITTED, State.ENROUTE, State.UNCERTAIN}
            if is_followed and record.reference and record.reference not in due:
                found.append(f"{message} is {record.state} and nobody will look at it")
            if is_followed and record.reference and message not in await self._behind(record.reference):
                found.append(f"{message} is {record.state} and its reference {record.reference} does not lead to it")
        return found

    async def _behind(self, reference: Reference) -> Sequence[MessageId]:
        found = await self.reader.behind(self.account.name, [reference])
        return found.get(reference, ())

    async def _miscounted(self, campaign: CampaignId, records: dict[MessageId, MessageRecord]) -> list[str]:
        place, counts = await self.reader.place(campaign), await self.counts(campaign)
        actual = Counter(record.state.value for record in records.values())
        actual[place.rest or "queued"] += place.total - len(records)
        found = []
        if sum(counts.values()) != place.total:
            found.append(f"counts {counts} do not add up to {place.total}")
        if min(counts.values(), default=0) < 0:
            found.append(f"a negative count: {counts}")
        if counts != {word: count for word, count in actual.items() if count}:
            found.append(f"counts {counts}, records {dict(actual)}")
        is_over = all(State(word).is_final for word in counts)
        finished_at = await self.redis.hget(keys.campaign(campaign), "finished_at")
        if is_over != (finished_at is not None):
            found.append(f"all final: {is_over}, finished_at: {finished_at}, state {place.state}")
        return found


@asynccontextmanager
async def scene(redis_url: str, account: Account | None = None, *, grace: float = 0.0) -> AsyncIterator[Scene]:
    """A scene on the Redis at `redis_url`, whose account is announced."""
    redis = connect(redis_url)
    account = account or plain_account()
    ledger = Ledger(redis=redis, lease=30, reference_life=3600, first_look=30, grace=grace)
    reader = LedgerReader(redis)
    try:
        await announce(redis, [entry(account)])
        yield Scene(
            redis=redis,
            account=account,
            ledger=ledger,
            reader=reader,
            book=AccountBook(redis=redis),
            producer=CampaignProducer(redis),
            feeder=Feeder(redis, ledger, reader, account, 0.3),
        )
    finally:
        await redis.aclose()
