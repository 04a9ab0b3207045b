"""Every case file, case by case: the request a family builds, and what it reads out of an answer."""

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, structs

from worker.providers.registry import family
from worker.providers.reports import Reports
from worker.providers.requests import Answer, Credentials, HttpRequest, Outgoing

CASES = Path(__file__).parent / "cases"
CREDENTIALS = Credentials(base_url="https://provider.test", login="alex", password="psw-1", key="key-1")


def _load(call: str) -> list[Any]:
    return [
        pytest.param(path.parent.name, case, id=f"{path.parent.name}: {case['name']}")
        for path in sorted(CASES.glob(f"*/{call}.json"))
        for case in json.loads(path.read_text())
    ]


def _answer(case: dict[str, Any]) -> Answer:
    given = case["answer"]
    body = json.dumps(given["json"]) if "json" in given else given["body"]
    return Answer(status=given.get("status", 200), body=body.encode())


def _seen(record: Any, expected: Any) -> dict[str, Any]:
    """A record as a case file writes it: what differs from its default; words only where the case gives them."""
    shown: dict[str, Any] = {"is": type(record).__name__}
    for name, usual in _defaults(record).items():
        value = getattr(record, name)
        if value != usual:
            shown[name] = value
    if "words" not in expected:
        shown.pop("words", None)
    plain = (bool, float, type(None))
    return {
        name: value.isoformat() if isinstance(value, datetime) else value if isinstance(value, plain) else str(value)
        for name, value in shown.items()
    }


def _defaults(record: Any) -> dict[str, Any]:
    """Each field's default; what has none differs from everything."""
    if isinstance(record, Struct):
        return {field.name: field.default for field in structs.fields(record)}
    return {field.name: field.default for field in fields(record)}


def _check_request(request: HttpRequest, expected: dict[str, Any]) -> None:
    assert {"call": request.call, "path": request.path, "form": dict(request.form)} == expected
    assert len(dict(request.form)) == len(request.form), "a field twice"


def _messages(case: dict[str, Any]) -> list[Outgoing]:
    given = case.get("messages") or [{"msisdn": to, "text": "Hello"} for to in case["to"]]
    return [Outgoing(**message) for message in given]


def _check_reports(read: Any, case: dict[str, Any]) -> None:
    if "refused" in case:
        assert _seen(read, case["refused"]) == case["refused"]
        return
    assert isinstance(read, Reports)
    assert [_seen(item, want) for item, want in zip(read.items, case["reports"], strict=True)] == case["reports"]
    assert read.more is case.get("more", False)


@pytest.mark.parametrize(("name", "case"), _load("send"))
def test_sending(name: str, case: dict[str, Any]) -> None:
    sending, messages = family(name).sending, _messages(case)
    client_id = case.get("client_id", "c1")
    if "request" in case:
        assert sending.group(messages) == (tuple(range(len(messages))),)
        _check_request(sending.build(CREDENTIALS, messages, client_id), case["request"])
    if "answer" in case:
        earlier = case.get("earlier_attempt", False)
        outcomes = sending.read(messages, client_id, _answer(case), earlier_attempt=earlier)
        seen = [_seen(outcome, want) for outcome, want in zip(outcomes, case["outcomes"], strict=True)]
        assert seen == case["outcomes"]


@pytest.mark.parametrize(("name", "case"), _load("status"))
def test_looking_up(name: str, case: dict[str, Any]) -> None:
    lookup, pairs = family(name).lookup, [tuple(pair) for pair in case["pairs"]]
    assert lookup
    if "request" in case:
        _check_request(lookup.build(CREDENTIALS, pairs), case["request"])
    _check_reports(lookup.read(pairs, _answer(case)), case)


@pytest.mark.parametrize(("name", "case"), _load("history"))
def test_reading_history(name: str, case: dict[str, Any]) -> None:
    history = family(name).history
    assert history
    if "request" in case:
        first, last = map(datetime.fromisoformat, (case["first"], case["last"]))
        _check_request(history.build(CREDENTIALS, first, last, case["cursor"]), case["request"])
    if "answer" in case:
        _check_reports(history.read(_answer(case)), case)


@pytest.mark.parametrize(("name", "case"), _load("drain"))
def test_draining(name: str, case: dict[str, Any]) -> None:
    drain = family(name).drain
    assert drain
    if "request" in case:
        _check_request(drain.build(CREDENTIALS), case["request"])
    _check_reports(drain.read(_answer(case)), case)


@pytest.mark.parametrize(("name", "case"), _load("balance"))
def test_asking_the_balance(name: str, case: dict[str, Any]) -> None:
    balance = family(name).balance
    if "request" in case:
        _check_request(balance.build(CREDENTIALS), case["request"])
    assert _seen(balance.read(_answer(case)), case["balance"]) == case["balance"]


@pytest.mark.parametrize(("name", "case"), _load("key"))
def test_fetching_the_key(name: str, case: dict[str, Any]) -> None:
    key = family(name).key
    assert key
    if "request" in case:
        _check_request(key.build(CREDENTIALS), case["request"])
    read = key.read(_answer(case))
    assert (read if isinstance(read, str) else _seen(read, case["key"])) == case["key"]


def test_every_case_says_where_it_comes_from() -> None:
    for path in CASES.glob("*/*.json"):
        cases = json.loads(path.read_text())
        if path.stem == "tables":
            continue
        assert {case["origin"] for case in cases} <= {"documented", "captured", "guessed"}, path
        assert all(case["source"] for case in cases), path
        assert len({case["name"] for case in cases}) == len(cases), path
