"""Whatever a provider answers, reading it has a defined end, and only a plain success is a success."""

from dataclasses import is_dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.contract.messages import Msisdn, Reference
from worker.providers.outcomes import Deferred, Rejected, RouteBlocked, Submitted, Uncertain
from worker.providers.registry import FAMILIES, family
from worker.providers.reports import Balance, NotFound, Refused, Reports
from worker.providers.requests import Answer, Credentials, Dialect, Outgoing

CLIENT_ID = Reference("c1")
MESSAGES = [
    Outgoing(msisdn=Msisdn("79991234567"), text="Hello"),
    Outgoing(msisdn=Msisdn("79991234568"), text="Bye"),
]
PAIRS = [(CLIENT_ID, message.msisdn) for message in MESSAGES]
OUTCOMES = (Submitted, Rejected, Deferred, RouteBlocked, Uncertain)

# values that providers use, strewn into arbitrary JSON so that reading gets past its first line
known = st.sampled_from(
    [*(row for row in ("c1", "0", "1", "9", "79991234567", "79991234568", "24", "101", "106", "-3", "", "d"))]
)
leaves = (
    known
    | st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
keys = st.sampled_from(
    ["id", "smsId", "cnt", "cost", "error", "error_code", "phones", "phone", "status", "err", "balance",
     "currency", "last_timestamp", "int_id", "total", "remarks", "key", "0", "1"]
)  # fmt: skip
values: Any = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=8), max_leaves=25
)
bodies = st.binary(max_size=200) | values.map(orjson.dumps)
answers = st.builds(Answer, status=st.sampled_from([200, 200, 200, 302, 404, 429, 500, 503]), body=bodies)
NASTY = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"id":' + b"9" * 5_000 + b',"cnt":1}',
    b'{"id":"c1","cnt":' + b"9" * 5_000 + b"}",
    b'{"id":"c1","cnt":1e308,"cost":1e308}',
    b'{"id":"c1","cnt":"\xd9\xa1"}',  # a digit of another alphabet
    b'{"id":"c1\\u0000","cnt":1}',
    b'{"id":"c1\\n","cnt":1}',
    b'{"id":["c1"],"cnt":1}',
    b'{"id":true,"cnt":true,"status":true}',
    b'{"status":"1","id":"\xd9\xa1","error":"0"}',
    b'{"status":1.0,"id":1.0}',
    b'{"error":"' + b"x" * 1_000_000 + b'","error_code":777}',
    b'{"status":1,"last_timestamp":99999999999999999999}',
    b'{"phones":{"phone":1},"id":"c1","cnt":1}',
    b"\xff\xfe\x00",
    b"NaN",
    b"null",
]


def _check_outcomes(outcomes: Any, messages: list[Outgoing]) -> None:
    assert len(outcomes) == len(messages)
    assert all(isinstance(outcome, OUTCOMES) for outcome in outcomes)
    for outcome in outcomes:
        if isinstance(outcome, Submitted):
            assert outcome.reference
            assert len(outcome.reference) <= 40
        else:
            assert 0 < len(outcome.code) <= 40
            assert 0 < len(outcome.words) <= 400
            assert outcome.words.isprintable()


def _read_all(name: str, answer: Answer) -> None:
    """Every reading function of the family, on one answer."""
    one = family(name)
    for messages in (MESSAGES[:1], MESSAGES):
        for earlier in (False, True):
            outcomes = one.sending.read(messages, CLIENT_ID, answer, earlier_attempt=earlier)
            _check_outcomes(outcomes, messages)
    assert isinstance(one.balance.read(answer), Balance | Refused)
    if one.lookup:
        for pairs in (PAIRS[:1], PAIRS):
            read = one.lookup.read(pairs, answer)
            assert isinstance(read, Reports | Refused)
            if isinstance(read, Reports):
                assert {(item.reference, item.msisdn) for item in read.items} <= set(pairs)
    if one.history:
        read = one.history.read(answer)
        assert isinstance(read, Refused) or not any(isinstance(item, NotFound) for item in read.items)
    if one.recall:
        assert isinstance(one.recall.read(answer), Reports | Refused)
    if one.drain:
        assert isinstance(one.drain.read(answer), Reports | Refused)
    if one.key:
        assert isinstance(one.key.read(answer), str | Refused)


@pytest.mark.parametrize("name", FAMILIES)
@given(answer=answers)
def test_any_answer_has_a_defined_end(name: str, answer: Answer) -> None:
    _read_all(name, answer)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("body", NASTY, ids=lambda body: repr(body[:30]))
def test_a_nasty_answer_has_a_defined_end(name: str, body: bytes) -> None:
    _read_all(name, Answer(status=200, body=body))
    outcomes = family(name).sending.read(MESSAGES, CLIENT_ID, Answer(status=200, body=body), earlier_attempt=False)
    assert not any(isinstance(outcome, Rejected | Deferred) for outcome in outcomes)


# what the other formats are made of, so that reading gets past its first line
scraps = st.sampled_from(
    ["OK", "ERROR = 9 (x)", "Status = 1", ", check_time = ", ", message = ", ", ID - c1", "id = 5", "zone = 1",
     "mail = 2", "0,-2", "1,", "c1,1", ",", "|", "1234567890", "s", "\n", "\r\n", " ", "<result>", "</result>",
     "<list>", "</list>", "<response>", "</response>", "<sms>", "</sms>", "<id>c1</id>", "<cnt>1</cnt>", "&amp;",
     "<status>1</status>", "<!DOCTYPE a>", "<error_code>9</error_code>", "&#0;", "<?xml version='1.0'?>",
     "<phones/>", "\x00", "\ufeff", "Привет"]
)  # fmt: skip
written = st.lists(scraps, max_size=14).map("".join).map(str.encode)
SHAPES = [
    (name, Dialect(format=form, charset=charset))
    for name in FAMILIES
    for form in family(name).formats
    for charset in family(name).charsets
]


@pytest.mark.parametrize(("name", "dialect"), SHAPES)
@settings(max_examples=50)
@given(body=st.binary(max_size=120) | written, status=st.sampled_from([200, 200, 200, 404, 500]))
def test_anything_in_any_format_has_a_defined_end(name: str, dialect: Dialect, body: bytes, status: int) -> None:
    answer = Answer(status=status, body=body, dialect=dialect)
    _read_all(name, answer)
    for call in family(name).calls.values():
        found = call.read(answer)
        if isinstance(found, Refused):
            assert 0 < len(found.code) <= 40
            assert found.words
        else:
            assert all(is_dataclass(record) for record in found)
            assert status == 200


BOMBS = [
    b'<!DOCTYPE a [<!ENTITY x "y">]><result><error>&x;</error><error_code>9</error_code></result>',
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><result>OK</result>',
    b'<?xml-stylesheet href="file:///etc/passwd"?><result>OK</result>',
    b"<a>" * 100_000,
    b"<result>" * 20 + b"OK" + b"</result>" * 20,
    b"<result a='" + b"x" * 1_000_000 + b"'>",
]


@pytest.mark.parametrize("body", BOMBS, ids=lambda body: repr(body[:40]))
def test_xml_with_more_than_elements_is_no_answer(body: bytes) -> None:
    """No declaration, entity, instruction or depth gets in: nothing is expanded, nothing is fetched."""
    answer = Answer(status=200, body=body, dialect=Dialect(format="2"))
    refused = family("smsc").calls["template_delete"].read(answer)
    assert isinstance(refused, Refused)
    assert refused.code == "smsc.answer.not_xml"


@given(value=values, status=st.sampled_from([200, 200, 200, 302, 404, 429, 500]))
def test_smsc_submits_only_on_a_plain_success_under_our_id(value: Any, status: int) -> None:
    answer = Answer(status=status, body=orjson.dumps(value))
    for outcome in family("smsc").sending.read(MESSAGES, CLIENT_ID, answer, earlier_attempt=False):
        if isinstance(outcome, Submitted):
            assert status == 200
            assert value["id"] == CLIENT_ID
            assert int(value["cnt"]) >= 1
            assert not {"error", "error_code"} & set(value)


@given(value=values, status=st.sampled_from([200, 200, 200, 302, 404, 429, 500]))
def test_restv2_submits_only_on_status_1_no_error_and_an_id(value: Any, status: int) -> None:
    answer = Answer(status=status, body=orjson.dumps(value))
    for outcome in family("restv2").sending.read(MESSAGES[:1], CLIENT_ID, answer, earlier_attempt=False):
        if isinstance(outcome, Submitted):
            assert status == 200
            assert str(value["status"]).strip() == "1"
            assert value.get("error") in {None, "", "0", 0} or int(value["error"]) == 0
            assert int(outcome.reference) > 0
            assert outcome.reference in {str(value.get("id")).strip(), str(value.get("smsId")).strip()}


@given(answer=answers)
def test_smsc_finds_nothing_missing_without_a_plain_word(answer: Answer) -> None:
    """A wrong NotFound sends an SMS twice: it takes HTTP 200 or an error 3, and status -3 for our own pair."""
    lookup = family("smsc").lookup
    assert lookup
    read = lookup.read(PAIRS, answer)
    if isinstance(read, Reports) and any(isinstance(item, NotFound) for item in read.items):
        assert answer.status == 200
        assert b"-3" in answer.body


def test_a_full_history_page_goes_on_and_a_short_one_ends() -> None:
    history = family("smsc").history
    assert history
    rows = [{"status": 1, "id": f"c{n}", "phone": "79991234567", "int_id": str(5000 - n)} for n in range(1000)]
    full = history.read(Answer(status=200, body=orjson.dumps(rows)))
    short = history.read(Answer(status=200, body=orjson.dumps(rows[:-1])))
    nameless = history.read(Answer(status=200, body=orjson.dumps([{"status": 1}] * 1000)))
    assert isinstance(full, Reports)
    assert isinstance(short, Reports)
    assert full.more
    assert not isinstance(full.items[-1], NotFound)
    assert full.items[-1].cursor == "4001"
    assert not short.more
    assert nameless == Reports()


def test_a_history_is_a_witness_only_where_all_of_it_can_be_read() -> None:
    """A row that cannot be read might be the one that is looked for; and HTTP 500 is never "none found"."""
    recall = family("smsc").recall
    assert recall
    rows = [{"status": 1, "id": f"c{n}", "phone": "79991234567", "int_id": str(5000 - n)} for n in range(1000)]

    def read(body: object, status: int = 200) -> object:
        return recall.read(Answer(status=status, body=orjson.dumps(body)))

    full, short = read(rows), read(rows[:-1])
    assert isinstance(full, Reports)
    assert isinstance(short, Reports)
    assert (len(full.items), full.more, len(short.items), short.more) == (1000, True, 999, False)
    assert read({"error": "messages not found", "error_code": 3}) == Reports()
    for broken in ({"id": ""}, {"phone": ""}, {"int_id": ""}, {"status": None}):
        assert isinstance(read([*rows[:9], rows[9] | broken]), Refused)
    assert isinstance(read({"error": "messages not found", "error_code": 3}, 500), Refused)
    assert isinstance(read([*rows[:9], None]), Refused)


@pytest.mark.parametrize("form", ["", "0", "1", "2"])
def test_a_witness_is_asked_in_json_about_a_list_of_numbers(form: str) -> None:
    recall = family("smsc").recall
    assert recall
    credentials = Credentials(base_url="https://provider.test", login="a", password="b", dialect=Dialect(format=form))
    since = datetime(2016, 10, 17, 22, 0, tzinfo=UTC)
    request = recall.build(credentials, since, [Msisdn("79991234567"), Msisdn("79991234568")], "77")
    asked = {"get_messages": "1", "start": "18.10.2016", "phone": "79991234567,79991234568", "cnt": "1000"}
    assert dict(request.form) == asked | {"prev_id": "77", "fmt": "3", "charset": "utf-8"}
    assert (request.call, request.dialect.format) == ("messages", "3")
    with pytest.raises(ValueError, match="501 numbers"):
        recall.build(credentials, since, [Msisdn(str(79990000000 + n)) for n in range(501)], "")


def test_a_report_keeps_the_providers_own_time() -> None:
    lookup = family("smsc").lookup
    assert lookup
    read = lookup.read(PAIRS[:1], Answer(status=200, body=b'{"status":1,"last_timestamp":"1476794052"}'))
    assert isinstance(read, Reports)
    assert not isinstance(read.items[0], NotFound)
    assert read.items[0].changed_at == datetime(2016, 10, 18, 12, 34, 12, tzinfo=UTC)
