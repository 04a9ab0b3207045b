"""Calls that a person makes: each call's window before the wire, drains by the one reader, nothing done twice."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from arq.worker import Retry

from producer.contract.messages import Msisdn, Reference
from tests.worker.plain import FakeExchange, Reply, plain_account, plain_family
from tests.worker.scene import Scene
from worker.asking import Asker
from worker.calling import Caller, provider_call
from worker.ledger.accounts import AccountBook
from worker.polling import NotTheReaderError
from worker.providers.exchange import AnswerLost, NotSent
from worker.providers.interface import Call
from worker.providers.parameters import parse
from worker.providers.registry import family
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, HttpRequest
from worker.settings import Account
from worker.throttle import Gate, TooSoonError, Windows

PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "cost": {"phones": "79991234567", "mes": "Hello"},
    "status": {"phone": "79991234567", "id": "c1"},
    "stat": {"start": "01.01.2026"},
    "operator": {"phone": "79991234567"},
    "tinyurl": {"id": "1"},
    "template_add": {"name": "a", "msg": "b"},
    "template_change": {"id": "1", "msg": "b"},
    "template_delete": {"id": "1"},
    "number_rent": {"phone": "79991234567"},
    "number_change": {"phone": "79991234567", "noprolong": "0"},
    "wait_call": {"phone": "79991234567"},
    "download": {"id": "1"},
}
# what is documented, less what is kept in reserve (smsc/limits.py says why and from where)
A_MINUTE = {
    "balance": 8,
    "cost": 4,
    "status": 5,
    "messages": 2,
    "answers": 3,
    "stat": 3,
    "price": 3,
    "operator": 3,
    "tinyurl": 3,
    "templates": 3,
    "template_add": 3,
    "template_change": 3,
    "template_delete": 3,
    "numbers": 2,
    "number_rent": 2,
    "number_change": 2,
    "wait_call": 50,
    "downloads": 3,
    "download": 3,
}


@pytest.mark.parametrize("name", family("smsc").calls)
async def test_every_call_keeps_its_documented_limit(stage: Scene, name: str) -> None:
    call = family("smsc").calls[name]
    windows = Windows(stage.redis, "login", family("smsc").rules.windows)
    credentials = Credentials(base_url="https://p.test", login="a", password="b")
    request = call.build(credentials, **parse(call, PARAMETERS.get(name, {})))
    for _ in range(A_MINUTE[name]):
        await windows.enter(request)
    with pytest.raises(TooSoonError, match=r"allows the next request in \d+ s") as wait:
        await windows.enter(request)
    assert 0 < wait.value.retry_in < 62


async def test_many_statuses_at_once_are_one_a_minute(stage: Scene) -> None:
    status = family("smsc").calls["status"]
    windows = Windows(stage.redis, "login", family("smsc").rules.windows)
    given = {"phone": "79991234567,79991234568", "id": "a,b"}
    request = status.build(Credentials(base_url="https://p.test", key="k"), **parse(status, given))
    await windows.enter(request)
    with pytest.raises(TooSoonError):
        await windows.enter(request)


async def test_the_limit_of_one_message_is_held_however_it_is_asked_about(stage: Scene) -> None:
    """With `all` or another spelling of the number a sixth request left within the minute, and got error 9."""
    status = family("smsc").calls["status"]
    lookup = family("smsc").lookup
    assert lookup
    windows = Windows(stage.redis, "login", family("smsc").rules.windows)
    credentials = Credentials(base_url="https://p.test", key="k")
    asked = [{"phone": "79991234567", "id": "a"} | more for more in ({}, {"all": "1"}, {"all": "2"}, {"del": "1"})]
    for given in asked:
        await windows.enter(status.build(credentials, **parse(status, given)))
    await windows.enter(lookup.build(credentials, [(Reference("a"), Msisdn("79991234567"))]))
    with pytest.raises(TooSoonError, match=r"allows the next request in \d+ s"):
        await windows.enter(status.build(credentials, **parse(status, {"phone": "+79991234567", "id": "a"})))
    await windows.enter(status.build(credentials, **parse(status, {"phone": "79991234567", "id": "b"})))


# --- running one ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    n: int


def _read(answer: Answer) -> tuple[Row, ...] | Refused:
    if answer.body in {b"no", b"?"}:
        return Refused(code="plain.no", words=answer.body.decode(), is_understood=answer.body == b"no")
    return (Row(n=int(answer.body)),)


def _asking(credentials: Credentials) -> HttpRequest:
    """Ask."""
    return HttpRequest(call="ask", path="/ask", form=())


CALLS = {
    "ask": Call(name="ask", meaning="asks", build=_asking, read=_read),
    "spend": Call(name="spend", meaning="spends money", build=_asking, read=_read, needs_yes=True),
    "drain": Call(name="drain", meaning="drains", build=_asking, read=_read, is_drain=True),
}


@dataclass
class FakePoller:
    """The door of drains: open, or another process'."""

    is_reader: bool = True
    drained: list[HttpRequest] = field(default_factory=list)

    async def drain_for(self, request: HttpRequest) -> Reply:
        if not self.is_reader:
            raise NotTheReaderError
        self.drained.append(request)
        return Answer(status=200, body=b"7")


@dataclass
class Stage:
    exchange: FakeExchange
    poller: FakePoller
    context: dict[str, Any]

    async def ask(self, call: str, *, late: float = 0.0, job_try: int = 1, **manner: str) -> dict[str, Any]:
        until = time.time() + 10 - late
        return dict(await provider_call(self.context | {"job_try": job_try}, "athens", call, {}, manner, until))


@pytest.fixture
def work(stage: Scene) -> Stage:
    return _work(stage, lambda _: Answer(status=200, body=b"5"))


def _work(stage: Scene, answer: Any) -> Stage:
    base = plain_account()
    chosen = plain_family()
    account = Account(
        name=base.name,
        family=type(chosen)(
            **{name: getattr(chosen, name) for name in chosen.__dataclass_fields__ if name != "calls"}, calls=CALLS
        ),
        credentials=base.credentials,
        limits=base.limits,
    )
    exchange, poller, book = FakeExchange(answer), FakePoller(), AccountBook(redis=stage.redis)
    gate = Gate(stage.redis, account=account.name, login="one", rate=1000, slots=10, worker="w.track", slot_lease=30)
    asker = Asker(account, exchange, gate, Windows(stage.redis, "one", {}), book)  # type: ignore[arg-type]
    caller = Caller(account, asker, poller, book)  # type: ignore[arg-type]  # the fakes have what is used
    return Stage(exchange=exchange, poller=poller, context={"callers": {account.name: caller}})


async def test_a_call_gives_its_records_as_plain_values(work: Stage) -> None:
    assert await work.ask("ask") == {"records": [{"n": 5}]}


async def test_what_spends_money_is_not_done_without_yes(work: Stage) -> None:
    told = await work.ask("spend")
    assert told["usage"]
    assert "--yes" in told["error"]
    assert work.exchange.asked == []
    assert await work.ask("spend", yes="True") == {"records": [{"n": 5}]}


async def test_what_a_dead_worker_may_have_done_is_not_done_again(work: Stage) -> None:
    """arq runs a job again whose worker died: renting a number twice would cost twice."""
    told = await work.ask("spend", yes="True", job_try=2)
    assert "may have acted" in told["error"]
    assert work.exchange.asked == []


async def test_what_comes_too_late_is_not_asked(work: Stage) -> None:
    assert "nothing was asked" in (await work.ask("ask", late=11))["error"]
    assert work.exchange.asked == []


async def test_a_drain_goes_through_the_poller_and_not_past_it(work: Stage) -> None:
    assert await work.ask("drain") == {"records": [{"n": 7}]}
    assert len(work.poller.drained) == 1
    assert work.exchange.asked == []


async def test_a_drain_waits_for_the_process_that_reads_the_account(work: Stage) -> None:
    work.poller.is_reader = False
    with pytest.raises(Retry):
        await work.ask("drain", job_try=5)
    work.poller.is_reader = True
    assert await work.ask("drain", job_try=6) == {"records": [{"n": 7}]}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Answer(status=200, body=b"no"), "the provider refuses: no"),
        (Answer(status=200, body=b"?"), "no usable answer: ?; it may have been done"),
        (NotSent(reason="no connection"), "nothing was sent: no connection"),
        (AnswerLost(reason="answer timeout"), "it may have been done"),
    ],
)
async def test_an_end_without_records_says_what_is_known(stage: Scene, reply: Reply, says: str) -> None:
    work = _work(stage, lambda _: reply)
    assert says in (await work.ask("spend", yes="True"))["error"]


async def test_unknown_accounts_and_calls_are_named_with_the_known_ones(work: Stage) -> None:
    told = await provider_call(work.context, "nowhere", "ask", {}, {}, time.time() + 5)
    assert told == {"error": "unknown account 'nowhere'; known: athens", "usage": True}
    assert "known: ask, spend, drain" in (await work.ask("asc"))["error"]
    listed = await work.ask("")
    assert [call["name"] for call in listed["calls"]] == ["ask", "spend", "drain"]
