"""sms/bulk of version 3: several messages of one text in one request, one outcome for each."""

from typing import Any

import orjson
import pytest

from ops.sandbox.restv2 import answers as sandbox
from ops.sandbox.restv2 import rendering
from producer.contract.messages import Msisdn, Reference
from worker.providers.outcomes import Block, Deferred, Outcome, RouteBlocked, Submitted, Uncertain
from worker.providers.registry import family
from worker.providers.requests import Answer, Credentials, Dialect, HttpRequest, Outgoing

ONE, TWO, THREE = "306912345678", "306912345679", "306912345680"
SENDING = family("restv2").sending


def outgoing(to: str, text: str = "Hello", **more: Any) -> Outgoing:
    return Outgoing(msisdn=Msisdn(to), text=text, **more)


def built(*messages: Outgoing, **dialect: Any) -> HttpRequest:
    credentials = Credentials(
        base_url="https://p.test", key="k", callback="https://we.test/c", dialect=Dialect(**{"v3": True, **dialect})
    )
    return SENDING.build(credentials, messages, Reference("c1"))


def written(answer: Any, kind: str = "json") -> Answer:
    body = orjson.dumps(rendering.as_json(answer)) if kind == "json" else rendering.as_xml(answer).encode()
    return Answer(status=200, body=body, dialect=Dialect(format=kind))


def read(answer: Answer, *numbers: str) -> tuple[Outcome, ...]:
    return SENDING.read(list(map(outgoing, numbers)), Reference("c1"), answer, earlier_attempt=False)


def said(**fields: object) -> Answer:
    return Answer(status=200, body=orjson.dumps({"status": "1", "error": "0", **fields}))


ROWS = [{"id": "5001", "smsId": "5001", "msisdn": ONE}, {"id": "5002", "smsId": "5002", "msisdn": TWO}]


def test_messages_of_one_text_are_one_request() -> None:
    request = built(
        outgoing(ONE, "Γεια", unicode=True, sender="ACME"), outgoing(TWO, "Γεια", unicode=True, sender="ACME")
    )
    assert (request.call, request.path) == ("send", "/api/sms/bulk")
    form = {"to": f"{ONE},{TWO}", "text": "Γεια", "from": "ACME", "ucs": "true", "type": "json"}
    assert dict(request.form) == form, "and no callback: it has none"


def test_plain_text_is_never_asked_for() -> None:
    assert dict(built(outgoing(ONE), outgoing(TWO), format="v2").form)["type"] == "json"


def test_options_travel_with_it() -> None:
    messages = [outgoing(to, options=(("flash", "true"),)) for to in (ONE, TWO)]
    form = dict(built(*messages, extra=(("timestamp", "1900000000"), ("flash", "false"))).form)
    assert (form["flash"], form["timestamp"]) == ("true", "1900000000")


def test_other_texts_senders_and_options_go_apart_and_no_number_comes_twice() -> None:
    messages = [
        outgoing(ONE),
        outgoing(TWO),
        outgoing(TWO, "Bye"),
        outgoing(THREE, sender="ACME"),
        outgoing(THREE, options=(("flash", "true"),)),
        outgoing(ONE),
    ]
    assert SENDING.group(messages) == ((0, 1), (2,), (3,), (4,), (5,))


def test_a_group_is_never_more_than_one_request_may_hold() -> None:
    messages = [outgoing(f"3069{place:08}") for place in range(250)]
    assert [len(group) for group in SENDING.group(messages)] == [100, 100, 50]


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_each_accepted_number_has_its_own_reference(kind: str) -> None:
    bulk = sandbox.Bulk(sent=(("5001", ONE), ("5002", TWO)), rejected=0, balance="9", cost="2")
    assert read(written(bulk, kind), TWO, ONE) == (Submitted(reference="5002"), Submitted(reference="5001"))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_number_that_was_not_accepted_is_tried_alone(kind: str) -> None:
    """The answer says only how many were not: sms/send will say why."""
    bulk = sandbox.Bulk(sent=(("5001", ONE),), rejected=1, balance="9", cost="1")
    first, second = read(written(bulk, kind), ONE, TWO)
    assert first == Submitted(reference=Reference("5001"))
    assert isinstance(second, Deferred)
    assert (second.code, second.retry_in) == ("restv2.bulk.not_accepted", 1.0)


UNCLEAR = {
    "no counts": (said(sms=ROWS[:1]), [Submitted, Uncertain]),
    "counts that disagree with the rows": (said(sms=ROWS[:1], accepted="2", rejected="0"), [Submitted, Uncertain]),
    "too few refused": (said(sms=ROWS[:1], accepted="1", rejected="0"), [Submitted, Uncertain]),
    "a row about nobody": (said(sms=[*ROWS[:1], {"id": "7"}], accepted="2", rejected="0"), [Submitted, Uncertain]),
    "a stranger": (
        said(sms=[{"id": "5009", "msisdn": THREE}], accepted="1", rejected="1"),
        [Uncertain, Uncertain],
    ),
    "one id for both": (
        said(sms=[{"id": "5001", "msisdn": ONE}, {"id": "5001", "msisdn": TWO}], accepted="2", rejected="0"),
        [Uncertain, Uncertain],
    ),
    "a number twice": (
        said(sms=[*ROWS, {"id": "5003", "msisdn": ONE}], accepted="3", rejected="0"),
        [Uncertain, Submitted],
    ),
    "rows that are none": (said(sms="all"), [Uncertain, Uncertain]),
    "a refusal that names messages": (said(status="0", sms=ROWS), [Uncertain, Uncertain]),
    "a refusal that names ids": (said(status="0", error="106", id=["5001"]), [Uncertain, Uncertain]),
    "no answer that can be read": (Answer(status=502, body=b"<html>"), [Uncertain, Uncertain]),
}


@pytest.mark.parametrize(("answer", "kinds"), UNCLEAR.values(), ids=list(UNCLEAR))
def test_what_the_answer_does_not_say_plainly_is_uncertain(answer: Answer, kinds: list[type]) -> None:
    assert [type(outcome) for outcome in read(answer, ONE, TWO)] == kinds


@pytest.mark.parametrize(
    ("error", "kind"), [(105, RouteBlocked), (101, RouteBlocked), (106, Deferred), (103, Deferred), (199, Uncertain)]
)
def test_a_refusal_of_all_is_each_one_s(error: int, kind: type) -> None:
    outcomes = read(written(sandbox.Failed(error=error, balance="9")), ONE, TWO)
    assert [type(outcome) for outcome in outcomes] == [kind, kind]


def test_a_refusal_about_one_of_several_rejects_nobody() -> None:
    [outcome, _] = read(said(status="0", error="103", id=[]), ONE, TWO)
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.retry_in) == ("restv2.error.103", 1.0)
    [alone] = read(said(status="0", error="105"), ONE)
    assert alone == RouteBlocked(
        code="restv2.error.105", words="not enough SMS left on the account", block=Block.MONEY
    )
