"""Version 3 of restv2: probed once, never assumed; its answers as client libraries and the sandbox show them."""

import time
from typing import Any

import orjson
import pytest

from ops.sandbox.restv2 import answers as sandbox
from ops.sandbox.restv2 import rendering
from tests.worker.plain import FakeExchange
from tests.worker.scene import Scene
from worker.asking import Asker
from worker.calling import Caller, provider_call
from worker.ledger.accounts import AccountBook
from worker.providers.exchange import AnswerLost
from worker.providers.registry import family
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest
from worker.settings import Account, Limits
from worker.throttle import Gate, Windows

NO_REPORT = b'{"status":"1","error":"0","remarks":"Info: No report"}'
REPORT = (
    b'{"0":{"id":5001,"smsId":5001,"status":"d","cost":"1","ttd":"7"},"sms":{"id":5001},"status":"1","error":"0"}'
)


class Host:
    """A caller of one account, and the host it asks."""

    def __init__(self, stage: Scene, *, v3: bool, knows: Any) -> None:
        credentials = Credentials(base_url="https://p.test", key="k", dialect=Dialect(v3=v3))
        limits = Limits(rate=1000, in_flight=5, batch=1)
        account = Account(name="athens", family=family("restv2"), credentials=credentials, limits=limits)  # type: ignore[arg-type]
        self.exchange, book = FakeExchange(knows), AccountBook(redis=stage.redis)
        gate = Gate(stage.redis, account=account.name, login="v", rate=1000, slots=5, worker="w", slot_lease=30)
        asker = Asker(account, self.exchange, gate, Windows(stage.redis, "v", {}), book)  # type: ignore[arg-type]
        caller = Caller(account, asker, None, book)  # type: ignore[arg-type]  # no drain here
        self.context = {"callers": {account.name: caller}}

    async def ask(self, call: str, **given: str) -> dict[str, Any]:
        return dict(await provider_call(self.context, "athens", call, given, {}, time.time() + 10))

    @property
    def asked(self) -> list[str]:
        return [request.call for request in self.exchange.asked]


def _version_3(request: HttpRequest) -> Answer:
    return Answer(status=200, body=NO_REPORT if request.call == "probe" else REPORT, dialect=request.dialect)


async def test_version_3_is_probed_once_and_then_asked(stage: Scene) -> None:
    host = Host(stage, v3=True, knows=_version_3)
    for _ in range(2):
        told = await host.ask("status_sms", smsId="5001")
        assert told["records"] == [{"id": "5001", "status": "d", "words": "delivered", "cost": "1", "ttd": 7}]
    assert host.asked == ["probe", "status_sms", "status_sms"]


async def test_a_host_without_it_is_asked_no_more(stage: Scene) -> None:
    host = Host(stage, v3=True, knows=lambda _: Answer(status=404, body=b"<html>"))
    for _ in range(2):
        assert "has no version 3" in (await host.ask("history"))["error"]
    assert host.asked == ["probe"]


async def test_what_the_account_does_not_ask_for_is_not_even_probed(stage: Scene) -> None:
    host = Host(stage, v3=False, knows=_version_3)
    assert "set v3 = true" in (await host.ask("history"))["error"]
    assert host.asked == []


@pytest.mark.parametrize(
    "ending", [AnswerLost(reason="answer timeout"), Answer(status=503, body=b""), Answer(status=200, body=b"{}")]
)
async def test_an_answer_that_does_not_tell_is_not_remembered(stage: Scene, ending: Any) -> None:
    host = Host(stage, v3=True, knows=lambda _: ending)
    for _ in range(2):
        assert "could not be found out" in (await host.ask("history"))["error"]
    assert host.asked == ["probe", "probe"]


def written(answer: Any, kind: str) -> Answer:
    body = orjson.dumps(rendering.as_json(answer)) if kind == "json" else rendering.as_xml(answer).encode()
    return Answer(status=200, body=body, dialect=Dialect(format=kind))


PAST = sandbox.PastRow(
    id="5001",
    sender="ACME",
    to="306912345678",
    text="Hello & bye",
    timestamp=1476794052,
    letter="d",
    cost="1",
    ttd="7",
)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("status_sms", sandbox.Report(id="5001", letter="d", cost="1", ttd="7")),
        ("status_sms", sandbox.Report(id="", letter="", cost="", ttd="")),
        ("history", sandbox.Past(rows=(PAST, PAST))),
        ("cancel", sandbox.Purged()),
    ],
)
def test_answers_of_version_3_read_alike(call: str, answer: Any) -> None:
    read = family("restv2").calls[call].read
    found = read(written(answer, "json"))
    assert not isinstance(found, Refused)
    assert read(written(answer, "xml")) == found


def test_history_rows_tell_what_a_lost_answer_needs() -> None:
    [row] = family("restv2").calls["history"].read(written(sandbox.Past(rows=(PAST,)), "json"))  # type: ignore[misc]
    assert (row.id, row.sender, row.to, row.text) == ("5001", "ACME", "306912345678", "Hello & bye")
    assert row.sent_at.timestamp() == 1476794052
