"""Asking about one message now: the answer enters by the door of all reports, and moves no more than they."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from arq.worker import Retry
from msgspec import structs

from producer.contract import keys
from producer.contract.messages import FORGOTTEN, MessageId, Msisdn, Reference
from producer.contract.states import Event, State
from tests.worker.plain import DRAIN, LOOKUP, FakeExchange, Reply, plain_account, plain_family, rows
from tests.worker.scene import Scene, numbers
from worker.asking import Asker
from worker.due import Open
from worker.ledger import Journal
from worker.looking import Looker, look_now
from worker.matching import Matched
from worker.polling import NotTheReaderError, Poller
from worker.probing import Offer
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.interface import Family, Lookup, Window
from worker.providers.outcomes import Block
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.settings import Tracking
from worker.throttle import Gate, Windows
from worker.tracking import Tracker

GRACE = 90.0
[TO, *_] = numbers(1)


@dataclass
class FakePoller:
    """The door of drains: open, or another process'."""

    poller: Poller | None = None
    is_reader: bool = True

    async def drain_for(self, request: HttpRequest) -> Reply:
        if not self.is_reader or self.poller is None:
            raise NotTheReaderError
        return await self.poller.drain_for(request)


@dataclass
class FakeMatcher:
    """Finds what it is told to find."""

    gives: Matched
    asked: list[MessageId] = field(default_factory=list)

    async def step(self, rows: Sequence[Open]) -> Matched:
        self.asked += [row.message for row in rows]
        return self.gives


@dataclass
class Desk:
    stage: Scene
    exchange: FakeExchange
    poller: FakePoller
    context: dict[str, Any]

    async def look(self, message: MessageId, *, late: float = 0.0) -> dict[str, Any]:
        return dict(await look_now(self.context, str(message), time.time() + 10 - late))

    @property
    def calls(self) -> list[str]:
        return [request.call for request in self.exchange.asked]


def desk(stage: Scene, family: Family, *replies: Reply, matcher: FakeMatcher | None = None) -> Desk:
    account, waiting = plain_account(family=family), list(replies)
    exchange, poller = FakeExchange(lambda _: waiting.pop(0)), FakePoller()
    gate = Gate(stage.redis, account=account.name, login="one", rate=1000, slots=10, worker="w.track", slot_lease=30)
    asker = Asker(account, exchange, gate, Windows(stage.redis, "one", family.rules.windows), stage.book)
    journal = Journal(redis=stage.redis, length=1000)
    tracker = Tracker(account, stage.redis, stage.ledger, stage.reader, stage.book)
    shared = {"account": account, "redis": stage.redis, "asker": asker, "journal": journal, "tracker": tracker}
    poller.poller = (
        Poller(**shared, lookups=None, book=stage.book, settings=Tracking(), worker="w") if family.drain else None
    )
    if poller.poller is not None:
        poller.poller._settings = _Polling()
    looker = Looker(
        **shared,
        poller=poller,
        book=stage.book,
        ledger=stage.ledger,
        reader=stage.reader,
        offer=Offer(account, stage.book),
        matcher=matcher,
        grace=GRACE,
    )
    return Desk(stage, exchange, poller, {"reader": stage.reader, "lookers": {account.name: looker}})


class _Polling:
    poll_every = 60.0


def asking(*replies: Reply, **more: Any) -> Any:
    return lambda stage: desk(stage, plain_family(lookup=LOOKUP), *replies, **more)


async def sent(stage: Scene, reference: str = "r1") -> MessageId:
    [message] = await stage.fed(count=1)
    await stage.submitted(message, reference=reference)
    return message


async def doubted(stage: Scene, *, age: int = 100) -> MessageId:
    [message] = await stage.fed(count=1)
    await stage.claim(message, reference="v1")
    await stage.record(message, Event.DOUBT, reference="v1", code="volley.answer_lost")
    await stage.age(message, age)
    return message


async def test_a_final_answer_is_in_the_books_before_it_is_told(stage: Scene) -> None:
    """It was shown and not applied, and the page went on saying that the message was on its way."""
    message = await sent(stage)
    work = asking(rows(("r1", TO, "report_delivered")))(stage)
    assert await work.look(message) == {
        "by": "status",
        "records": [{"code": "plain.report_delivered", "words": "so", "changed_at": ""}],
        "unknown": False,
        "before": "submitted",
        "state": "delivered",
    }
    assert await stage.state_of(message) is State.DELIVERED
    [(_, fields)] = await stage.redis.xrange(keys.journal("athens"))
    assert fields[b"asked"] == f"r1={TO}".encode()
    assert await stage.mistakes(message.campaign) == []


async def test_the_first_final_state_stays(stage: Scene) -> None:
    message = await sent(stage)
    await stage.apply(message, Event.REPORT_DELIVERED, reference="r1")
    told = await asking(rows(("r1", TO, "report_undelivered")))(stage).look(message)
    assert (told["before"], told["state"]) == ("delivered", "delivered")
    assert await stage.mistakes(message.campaign) == []


@pytest.mark.parametrize("age", [10, 100])
async def test_no_such_message_moves_nothing_and_lets_the_look_ups_say_what_it_means(stage: Scene, age: int) -> None:
    """A wrong "not found" sends an SMS twice: it takes its grace and whatever other proof the look-ups want."""
    message = await doubted(stage, age=age)
    told = await asking(rows(("v1", TO, "not_found")))(stage).look(message)
    assert (told["records"], told["unknown"], told["state"]) == ([], True, "uncertain")
    assert await stage.state_of(message) is State.UNCERTAIN
    [(_, due_at)] = await stage.redis.zrange(keys.due("athens"), 0, -1, withscores=True)
    assert due_at <= time.time()


async def test_what_the_provider_knows_was_taken_though_its_status_says_nothing_yet(stage: Scene) -> None:
    message = await doubted(stage, age=10)
    told = await asking(rows(("v1", TO, None)))(stage).look(message)
    assert (told["before"], told["state"], told["unknown"]) == ("uncertain", "submitted", False)
    assert await stage.mistakes(message.campaign) == []


async def test_an_uncertain_message_that_was_delivered_is_delivered(stage: Scene) -> None:
    message = await doubted(stage)
    told = await asking(rows(("v1", TO, "report_delivered")))(stage).look(message)
    assert told["state"] == "delivered"


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Answer(status=200, body=b'{"refused":"plain.5"}'), "the provider refuses: refused"),
        (NotSent(reason="no connection"), "nothing was sent: no connection"),
        (AnswerLost(reason="answer timeout"), "the answer was lost (answer timeout)"),
    ],
)
async def test_what_went_wrong_is_told_and_nothing_moves(stage: Scene, reply: Reply, says: str) -> None:
    message = await sent(stage)
    told = await asking(reply)(stage).look(message)
    assert (told["error"], told["state"]) == (says, "submitted")


async def test_the_call_s_own_limit_holds(stage: Scene) -> None:
    message = await sent(stage)
    family = plain_family(lookup=LOOKUP)
    family = replace(family, rules=replace(family.rules, windows={"status": (Window(count=1, seconds=60.0),)}))
    work = desk(stage, family, rows(), rows())
    assert "error" not in await work.look(message)
    told = await work.look(message)
    assert 0 < told["retry_in"] <= 61
    assert work.calls == ["status"]


async def test_a_blocked_address_is_not_asked_from(stage: Scene) -> None:
    message = await sent(stage)
    await stage.book.block("athens", Block.ADDRESS, code="plain.4", words="blocked", seconds=60)
    work = asking()(stage)
    assert "would prolong it" in (await work.look(message))["error"]
    assert work.calls == []


async def test_who_cannot_be_asked_about_is_said_why(stage: Scene) -> None:
    [message, second, unfed] = [*await stage.fed(count=2), MessageId.parse("never/0.0")]
    work = asking(rows())(stage)
    for nothing in (message, unfed):
        assert "nothing was submitted yet" in (await work.look(nothing))["error"]
    assert "nothing was asked" in (await work.look(message, late=11))["error"]
    await stage.submitted(second, reference="r2")
    work.context["lookers"] = {}
    assert "account athens is in no worker's settings" in (await work.look(second))["error"]
    assert work.calls == []


async def test_a_forgotten_number_cannot_be_asked_about(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    message = await sent(stage)
    [recipient] = (await stage.reader.recipients([message])).values()

    async def forgotten(_: Sequence[MessageId]) -> dict[MessageId, Any]:
        return {message: structs.replace(recipient, msisdn=Msisdn(FORGOTTEN))}

    monkeypatch.setattr(stage.reader, "recipients", forgotten)
    assert "was forgotten" in (await asking()(stage).look(message))["error"]


# --- where no look-up helps ------------------------------------------------------------------------------


def _numbers_only(_: Credentials, pairs: Sequence[tuple[Reference, Msisdn]]) -> HttpRequest:
    return HttpRequest(call="status_sms", path="/status", form=(("id", str(int(pairs[0][0]))),))


BY_THEIR_ID = Lookup(most=1, build=_numbers_only, read=LOOKUP.read, by_own_id=False)


async def test_a_drain_tells_where_there_is_nothing_else_and_all_of_it_is_applied(stage: Scene) -> None:
    one, two = await stage.fed(count=2)
    await stage.submitted(one, reference="r1")
    await stage.submitted(two, reference="r2")
    drained = rows(("r2", "", "report_undelivered"), ("r1", "", "report_delivered"))
    work = desk(stage, plain_family(drain=DRAIN), drained)
    told = await work.look(one)
    assert (told["by"], told["state"]) == ("drain", "delivered")
    assert [record["code"] for record in told["records"]] == ["plain.report_delivered"]
    assert await stage.state_of(two) is State.UNDELIVERED, "the provider hands it over once"


async def test_a_drain_waits_for_the_process_that_reads_the_account(stage: Scene) -> None:
    message = await sent(stage)
    work = desk(stage, plain_family(drain=DRAIN), rows(("r1", "", "report_delivered")))
    work.poller.is_reader = False
    with pytest.raises(Retry):
        await work.look(message)
    work.poller.is_reader = True
    assert (await work.look(message))["state"] == "delivered"


@pytest.mark.parametrize(
    ("age", "found", "calls", "told"),
    [
        (100, "taken", 1, {"by": "history", "unknown": False}),
        (100, "pending", 1, {"by": "history", "unknown": True}),
        (
            100,
            "several",
            1,
            {"error": "several messages of the provider's list fit; which is this one cannot be told"},
        ),
        (10, "taken", 0, {"error": "the provider has no call that tells of one message"}),
    ],
)
async def test_an_uncertain_one_is_looked_for_in_what_was_sent(
    stage: Scene, age: int, found: str, calls: int, told: dict[str, object]
) -> None:
    """restv2 knows its own numbers only, and an answer that was lost had the number in it."""
    message = await doubted(stage, age=age)
    matcher = FakeMatcher(Matched(**{found: frozenset({message})}))
    work = desk(stage, plain_family(lookup=BY_THEIR_ID), matcher=matcher)
    answer = await work.look(message)
    assert {name: answer[name] for name in told} == told
    assert len(matcher.asked) == calls
    assert work.calls == [], "our own id means nothing to it"


async def test_by_the_provider_s_own_number_it_is_asked_directly(stage: Scene) -> None:
    message = await sent(stage, reference="778123")
    work = desk(stage, plain_family(lookup=BY_THEIR_ID, drain=DRAIN), rows(("778123", TO, "report_delivered")))
    assert (await work.look(message))["state"] == "delivered"
    assert work.calls == ["status_sms"]
