"""Every call a person may make, case by case: its request, and its records out of every documented format."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from worker.calling import plain
from worker.providers.parameters import parse, risk
from worker.providers.registry import FAMILIES, family
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Credentials, Dialect

CASES = Path(__file__).parent / "cases"
CREDENTIALS = Credentials(base_url="https://provider.test", login="alex", password="psw-1", key="key-1")
ALL = [
    pytest.param(path.parent.name, case, id=f"{path.parent.name}: {case['name']}")
    for path in sorted(CASES.glob("*/calls.json"))
    for case in json.loads(path.read_text())
]
NEED_YES = {
    "smsc": {"template_add", "template_change", "template_delete", "number_rent", "number_change"},
    "restv2": {"key_reset", "cancel"},
}


@pytest.mark.parametrize(("name", "case"), ALL)
def test_a_call_asks_as_documented(name: str, case: dict[str, Any]) -> None:
    call = family(name).calls[case["call"]]
    request = call.build(CREDENTIALS, **parse(call, case["given"]))
    form = dict(request.form)
    common = {"smsc": {"fmt": "3", "charset": "utf-8"}, "restv2": {"type": "json"}}[name]
    assert form == case["request"]["form"] | common
    assert request.path == case["request"]["path"]


@pytest.mark.parametrize(("name", "case"), ALL)
def test_a_call_reads_its_records_from_every_format(name: str, case: dict[str, Any]) -> None:
    call = family(name).calls[case["call"]]
    for form, body in case["answers"].items():
        found = call.read(Answer(status=200, body=body.encode(), dialect=Dialect(format=form)))
        if "refused" in case:
            assert isinstance(found, Refused)
            assert found.code.startswith(case["refused"])
            continue
        assert not isinstance(found, Refused), (form, found)
        records = [plain(record) for record in found]
        assert len(records) == len(case["records"]), form
        for record, expected in zip(records, case["records"], strict=True):
            seen = {field: record[field] for field in expected}
            if "T" in str(expected.get("changed_at", "")):
                seen["changed_at"] = str(seen["changed_at"])[: len(expected["changed_at"])]
            assert seen == expected, form


@pytest.mark.parametrize("name", FAMILIES)
def test_every_call_has_a_case_and_says_what_it_needs(name: str) -> None:
    calls = family(name).calls
    tested = {param.values[1]["call"] for param in ALL if param.values[0] == name}
    assert {name for name, call in calls.items() if not call.is_optional} == tested
    assert {call.name for call in calls.values() if call.needs_yes} == NEED_YES[name]
    for call in calls.values():
        assert call.meaning
        assert all(parameter.meaning for parameter in call.parameters)
        said = " ".join((call.build.__doc__ or "").split())
        assert re.search(r"[Ee]rrors? \d", said), f"{call.name}: which errors there are"
        assert re.search(r"At most|limit", said), f"{call.name}: how often it may be made"
        assert re.search(r"\b[AB]\d", said), f"{call.name}: where that is from"
    assert [call.name for call in calls.values() if call.is_drain] == (["status"] if family(name).drain else [])


def test_deleting_a_message_needs_yes_and_asking_about_it_does_not() -> None:
    status = family("smsc").calls["status"]
    assert risk(status, {"phone": "1", "id": "1", "del": "1"}) == (
        "status with del=1 (1: delete a message not sent yet)"
    )
    assert not risk(status, {"phone": "1", "id": "1", "del": "0"})
    assert not risk(status, {"phone": "1", "id": "1"})


@pytest.mark.parametrize("name", FAMILIES)
def test_no_secret_is_in_a_calls_form_or_repr(name: str) -> None:
    for call_name, case in ((param.values[1]["call"], param.values[1]) for param in ALL if param.values[0] == name):
        call = family(name).calls[call_name]
        request = call.build(CREDENTIALS, **parse(call, case["given"]))
        assert not any(secret in f"{request!r}{request.form!r}" for secret in ("psw-1", "key-1"))
