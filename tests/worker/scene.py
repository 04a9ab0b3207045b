"""A small stage for the worker's tests: one account of a plain family, campaigns on it, and its books checked."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import orjson

from producer.client import CampaignProducer
from producer.contract import keys
from producer.contract.campaigns import CHUNK_SIZE, Lane
from producer.contract.client import Client
from producer.contract.jobs import JOB_PREFIX
from producer.contract.messages import AccountName, CampaignId, MessageId, MessageRecord, Msisdn, Reference
from producer.contract.states import Event, State
from producer.directory import AccountEntry, announce
from producer.pool import connect
from worker.feeding import Feeder
from worker.ledger import Claimed, ClaimRequest, Evidence, Ledger, LedgerReader, Recorded, Write
from worker.ledger.accounts import AccountBook
from worker.providers.exchange import AnswerLost, MayLeave, NotSent, Withheld
from worker.providers.interface import BalanceCall, Drain, Family, History, Lookup, Rules
from worker.providers.outcomes import Block, Deferred, Outcome, Rejected, RouteBlocked, Submitted, Uncertain
from worker.providers.reports import Balance, NotFound, Refused, Report, Reports
from worker.providers.requests import Answer, Credentials, HttpRequest, Outgoing
from worker.settings import Account, Limits

NAME = AccountName("athens")


# --- a family whose answers are JSON that says what they mean -----------------------------------------


class PlainSending:
    """Groups by sender; an answer is a list of `[kind, code]`, one per message, or anything uncertain."""

    def group(self, messages: Sequence[Outgoing]) -> tuple[tuple[int, ...], ...]:
        groups: dict[str, list[int]] = {}
        for place, message in enumerate(messages):
            groups.setdefault(message.sender, []).append(place)
        return tuple(map(tuple, groups.values()))

    def build(self, credentials: Credentials, messages: Sequence[Outgoing], client_id: Reference) -> HttpRequest:
        form = tuple((message.msisdn, message.text) for message in messages)
        return HttpRequest(call="send", path="/send", form=form, fingerprint=f"{hash(form):x}".replace("-", "m"))

    def read(
        self, messages: Sequence[Outgoing], client_id: Reference, answer: Answer, *, earlier_attempt: bool
    ) -> tuple[Outcome, ...]:
        if answer.status != 200:
            return (Uncertain(code="plain.http", words="not understood"),) * len(messages)
        return tuple(plain_outcome(kind, code, client_id) for kind, code in orjson.loads(answer.body))


def plain_outcome(kind: str, code: str, client_id: Reference) -> Outcome:
    match kind:
        case "submitted":
            return Submitted(reference=Reference(code) or client_id)
        case "rejected":
            return Rejected(code=code, words="never")
        case "deferred":
            return Deferred(code=code, words="later", retry_in=30.0)
        case "congested":
            return Deferred(code=code, words="too fast", congested=True)
        case "blocked":
            return RouteBlocked(code=code, words="no money", block=Block.MONEY)
        case _:
            return Uncertain(code=code, words="perhaps")


def plain_reports(answer: Answer) -> Reports | Refused:
    """Rows of `[reference, msisdn, event or null or "not_found"]`, under `items`; `more`; or `refused`."""
    told = orjson.loads(answer.body)
    if "refused" in told:
        block = Block(told["block"]) if "block" in told else None
        return Refused(code=told["refused"], words="refused", block=block)
    return Reports(items=tuple(plain_report(*row) for row in told["items"]), more=told.get("more", False))


def plain_report(reference: str, msisdn: str, event: str | None) -> Report | NotFound:
    if event == "not_found":
        return NotFound(reference=Reference(reference), msisdn=Msisdn(msisdn))
    code = f"plain.{event}"
    return Report(
        reference=Reference(reference),
        msisdn=Msisdn(msisdn),
        event=Event(event) if event else None,
        code=code,
        words="so",
        cursor=f"after-{reference}",
    )


def rows(*items: tuple[str, str, str | None], more: bool = False) -> Answer:
    """An answer that `plain_reports` reads."""
    return Answer(status=200, body=orjson.dumps({"items": items, "more": more}))


def _lookup(credentials: Credentials, pairs: Sequence[tuple[Reference, Msisdn]]) -> HttpRequest:
    return HttpRequest(call="status_bulk" if len(pairs) > 1 else "status", path="/status", form=tuple(pairs))


def _read_balance(answer: Answer) -> Balance | Refused:
    told = orjson.loads(answer.body)
    return Refused(code="plain.refused", words="no") if told is None else Balance(amount=Decimal(told))


LOOKUP = Lookup(most=100, build=_lookup, read=lambda _, answer: plain_reports(answer))
DRAIN = Drain(build=lambda _: HttpRequest(call="drain", path="/drain", form=()), read=plain_reports)
HISTORY = History(
    build=lambda _, first, last, cursor: HttpRequest(call="messages", path="/history", form=(("after", cursor),)),
    read=plain_reports,
)
BALANCE = BalanceCall(build=lambda _: HttpRequest(call="balance", path="/balance", form=()), read=_read_balance)


def plain_family(
    *,
    lookup: Lookup | None = None,
    drain: Drain | None = None,
    history: History | None = None,
    most: int = 100,
    fence: float = 0.0,
    retry_in: float = 1.0,
) -> Family:
    return Family(
        name="plain",
        rules=Rules(
            most_per_request=most,
            longest_text=1000,
            rate=1000.0,
            in_flight=10,
            most_in_flight=100,
            fence=fence,
            retry_in=retry_in,
            windows={},
        ),
        own_reference=True,
        sending=PlainSending(),
        balance=BALANCE,
        lookup=lookup,
        drain=drain,
        history=history,
    )


def plain_account(
    name: str = NAME, *, family: Family | None = None, rate: float = 1000.0, in_flight: int = 10, batch: int = 1
) -> Account:
    return Account(
        name=AccountName(name),
        family=family or plain_family(),
        credentials=Credentials(base_url="http://localhost:1", login=name, password="secret"),
        limits=Limits(rate=rate, in_flight=in_flight, batch=batch),
    )


# --- what plays the provider ---------------------------------------------------------------------------


Reply = Answer | NotSent | AnswerLost


@dataclass
class FakeExchange:
    """Answers with what `answer` gives for a request, and keeps every request it was asked."""

    answer: Callable[[HttpRequest], Reply]
    asked: list[HttpRequest] = field(default_factory=list)
    gate: asyncio.Event | None = None  # when there is one, the wire hangs until it is set
    at_once: int = 0
    most_at_once: int = 0

    async def ask(self, request: HttpRequest) -> Reply:
        self.asked.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            return self.answer(request)
        finally:
            self.at_once -= 1

    async def ask_when(self, request: HttpRequest, may_leave: MayLeave) -> Reply | Withheld:
        try:
            if not await may_leave():
                return Withheld()
        except asyncio.CancelledError:
            return Withheld()
        return await self.ask(request)

    async def close(self) -> None:
        pass


@dataclass
class FakeAsker:
    """Asks nobody: gives the next prepared answer of the request's call, None when there is no more."""

    answers: dict[str, list[Answer | Exception | None]] = field(default_factory=dict)
    asked: list[HttpRequest] = field(default_factory=list)
    refusals: list[tuple[str, Refused]] = field(default_factory=list)
    probes: list[bool] = field(default_factory=list)

    async def ask(self, request: HttpRequest, *, probe: bool = False) -> Answer | None:
        self.asked.append(request)
        self.probes.append(probe)
        waiting = self.answers.get(request.call, [])
        answer = waiting.pop(0) if waiting else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def refused(self, call: str, refusal: Refused) -> None:
        self.refusals.append((call, refusal))


# --- campaigns and their books -------------------------------------------------------------------------


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
