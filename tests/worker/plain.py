"""A family for the worker's tests whose answers are JSON that says what they mean, and what plays its provider."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import orjson

from producer.contract.messages import AccountName, Msisdn, Reference
from producer.contract.states import Event
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
