"""The same values in every format: the sandbox's own renderer writes an answer, and equal records are read back."""

import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ops.sandbox.restv2 import answers as restv2_answers
from ops.sandbox.restv2 import rendering as restv2_rendering
from ops.sandbox.smsc import answers as sandbox
from ops.sandbox.smsc.rendering import render
from producer.contract.messages import Msisdn, Reference
from producer.contract.states import Event
from worker.providers.interface import Answer, Dialect, NotFound, Refused, Report, Reports
from worker.providers.registry import family
from worker.providers.restv2 import bulk
from worker.providers.smsc import readings
from worker.providers.smsc.answers import Accepted, Failed
from worker.providers.smsc.calls.messages import Deleted

SMSC = family("smsc").calls
RESTV2 = family("restv2").calls
CODECS = {"utf-8": "utf-8", "windows-1251": "cp1251", "koi8-r": "koi8-r"}

# what free text may hold in each place: fmt 0 and 1 quote nothing, so names have no commas there
LETTERS = "abcXYZ аяЖ 0123456789 .:!?<>&\"'()|-"
plain = st.text(LETTERS, max_size=20).map(str.strip)
free = st.text(LETTERS + ",=", max_size=40).map(str.strip)
digits = st.integers(10**10, 10**12).map(str)
money = st.decimals(0, 10**6, places=2).map(str)
stamps = st.integers(1_000_000_000, 4_000_000_000)
small = st.integers(0, 10**6)
ids = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,20}", fullmatch=True)
countries = plain.filter(lambda name: not re.fullmatch(r"[0-9.-]+", name))  # fmt 1 tells by it which order it has
places = st.builds(
    sandbox.Place, country=countries, operator=plain, region=plain, mccmnc=st.integers(10_000, 99_999).map(str)
)
sent = st.builds(
    sandbox.SentRow,
    status=st.sampled_from([-2, -1, 0, 1, 2, 3, 4, 20, 22, 23, 24, 25]),
    changed=stamps,
    err=st.sampled_from([0, 1, 6, 200, 255]),
    sent=stamps,
    phone=digits,
    cost=money,
    sender=plain,
    status_name=plain,
    text=free,
    place=places,
    kind=st.integers(0, 12),
    reference=ids,
    number=st.integers(1, 10**9),
    segments=st.integers(1, 10),
    crc=small,
)


NOWHERE = sandbox.Place(country="", operator="", region="", mccmnc="25001")
COMMAS_ALONE = sandbox.SentRow(
    status=-2,
    changed=10**9,
    err=0,
    sent=10**9,
    phone="79991234567",
    cost="0.00",
    sender="",
    status_name="",
    text=",,,",
    place=NOWHERE,
    kind=0,
    reference="A",
    number=1,
    segments=1,
    crc=0,
)


def some(of: Any) -> Any:
    return st.lists(of, min_size=1, max_size=4).map(tuple)


ANSWERS: dict[str, Any] = {
    "balance": st.builds(sandbox.Balance, amount=money, currency=st.sampled_from(["", "RUR", "EUR"])),
    "cost": st.builds(sandbox.Priced, cost=money, segments=st.integers(1, 100)),
    "status": st.builds(
        sandbox.Statuses, found=sent.map(lambda row: (row,)), detail=st.just(0), multiple=st.just(value=False)
    ),
    "messages": st.builds(sandbox.History, found=some(sent)),
    "answers": st.builds(
        sandbox.Answers,
        found=some(
            st.builds(
                sandbox.AnswerRow, id=small, received=stamps, phone=digits, text=free, to_phone=digits, sent=stamps
            )
        ),
    ),
    "stat": st.builds(
        sandbox.Stat,
        found=some(
            st.builds(
                sandbox.StatRow, login=ids, sms=small, credit=money, debit=money, currency=st.sampled_from(["RUR"])
            )
        ),
    ),
    "price": st.builds(
        sandbox.Price,
        zones=some(
            st.builds(
                sandbox.Zone,
                zone=small.map(str),
                name=plain,
                api=money,
                mass=money,
                mms=money,
                hlr=money,
                call=money,
            )
        ),
        codes=st.lists(st.tuples(st.integers(10_000, 99_999).map(str), money), max_size=3).map(tuple),
        mail=money,
    ),
    "operator": st.builds(
        sandbox.Operators,
        found=some(
            st.builds(
                sandbox.OperatorRow,
                phone=digits,
                country=ids,
                operator=plain,
                region=plain,
                mcc=st.just("250"),
                mnc=st.just("01"),
                tz=st.just("3"),
            )
        ),
        multiple=st.just(value=True),
    ),
    "tinyurl": st.builds(
        sandbox.TinyUrl,
        id=small.map(str),
        cnt=small,
        cnt_mon=small,
        cnt_day=small,
        cnt_yes=small,
        cnt_pmon=small,
        link=free.map(lambda path: "https://x/" + path),
    ),
    "templates": st.builds(
        sandbox.Templates,
        found=some(
            st.builds(
                sandbox.Template,
                id=small,
                name=plain,
                format=st.sampled_from(["", "sms"]),
                sender=plain,
                flag=st.integers(0, 1),
                text=free,
            )
        ),
    ),
    "template_add": st.builds(sandbox.TemplateAdded, id=small),
    "template_change": st.builds(sandbox.Done),
    "template_delete": st.builds(sandbox.Done),
    "numbers": st.builds(
        sandbox.Numbers,
        found=some(
            st.builds(
                sandbox.Number,
                phone=digits,
                type=st.sampled_from([1, 2, 4]),
                cost=money,
                current_cost=money,
                info=free,
            )
        ),
    ),
    "number_rent": st.builds(sandbox.Rented, cost=money),
    "number_change": st.builds(sandbox.Done),
    "wait_call": st.builds(sandbox.CallNumber, phone=digits, all_phones=some(digits)),
    "downloads": st.builds(
        sandbox.Tasks,
        found=some(
            st.builds(
                sandbox.TaskRow,
                id=small,
                name=plain,
                status=st.integers(0, 4),
                created=stamps,
                started=st.none() | stamps,
                file=ids,
            )
        ),
    ),
}


def read(name: str, answer: Any, fmt: str, charset: str = "utf-8") -> Any:
    body = render(answer, fmt, CODECS[charset])
    return SMSC[name].read(Answer(status=200, body=body, dialect=Dialect(format=fmt, charset=charset)))


@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=60)
@given(data=st.data())
def test_every_smsc_call_reads_equal_records_from_every_format(name: str, data: Any) -> None:
    answer = data.draw(ANSWERS[name])
    expected = read(name, answer, "3")
    assert expected
    assert not isinstance(expected, Refused)
    for fmt in "012":
        assert read(name, answer, fmt) == expected, render(answer, fmt, "utf-8")


@given(found=some(sent), unknown=ids)
def test_several_statuses_read_the_same_in_every_format(found: Any, unknown: str) -> None:
    """One of them is of a message that is not there (status -3, no dates)."""
    rows = (*found, sandbox.Unknown(phone="79991234567", reference=unknown))
    answer = sandbox.Statuses(found=rows, detail=0, multiple=True)
    expected = read("status", answer, "3")
    assert [row.status for row in expected] == [*(row.status for row in found), -3]
    for fmt in "012":
        assert read("status", answer, fmt) == expected, render(answer, fmt, "utf-8")


@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
def test_a_message_taken_back_is_a_record_of_its_own(fmt: str) -> None:
    assert read("status", sandbox.Deleted(), fmt) == (Deleted(id="", phone=""),)


@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
def test_the_tracker_understands_several_statuses_in_every_format(fmt: str) -> None:
    """In words the id of a row was taken for a part of its date: an account with fmt 0 was never told anything."""
    lookup = family("smsc").lookup
    assert lookup
    known = replace(COMMAS_ALONE, status=1, reference="v1", phone="79991234567")
    answer = sandbox.Statuses(
        found=(known, sandbox.Unknown(phone="79991234568", reference="v2")), detail=0, multiple=True
    )
    pairs = [(Reference("v1"), Msisdn("79991234567")), (Reference("v2"), Msisdn("79991234568"))]
    body = Answer(status=200, body=render(answer, fmt, "utf-8"), dialect=Dialect(format=fmt))
    told = lookup.read(pairs, body)
    assert isinstance(told, Reports)
    first, second = told.items
    assert isinstance(first, Report)
    assert (first.reference, first.msisdn, first.event) == ("v1", "79991234567", Event.REPORT_DELIVERED)
    assert second == NotFound(reference=Reference("v2"), msisdn=Msisdn("79991234568"))


@pytest.mark.parametrize("charset", CODECS)
@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
@settings(max_examples=30)
@given(answer=ANSWERS["answers"])
def test_every_charset_gives_the_same_letters(charset: str, fmt: str, answer: Any) -> None:
    assert read("answers", answer, fmt, charset) == read("answers", answer, "3")


@pytest.mark.parametrize("name", [name for name in SMSC if name != "download"])
@pytest.mark.parametrize("fmt", ["0", "1", "2", "3"])
@settings(max_examples=20)
@given(code=st.sampled_from([1, 2, 4, 5, 6, 7, 8, 9, 15]), reference=st.sampled_from(["", "a1"]))
def test_the_documented_error_shape_is_a_refusal_of_all(name: str, fmt: str, code: int, reference: str) -> None:
    refused = read(name, sandbox.Refusal(code=code, reference=reference, text="a (b), c"), fmt)
    assert isinstance(refused, Refused)
    assert refused.code == f"smsc.error.{code}"


def test_an_error_body_instead_of_a_file_is_recognised_in_every_format() -> None:
    for fmt in "0123":
        assert isinstance(read("download", sandbox.Refusal(code=3, text="none"), fmt), Refused)
    [start] = SMSC["download"].read(Answer(status=200, body=b"phone;status\n79991234567;1\n"))
    assert start.bytes == 27


phone_rows = st.builds(
    sandbox.PhoneRow,
    phone=digits,
    mccmnc=st.just("25001"),
    cost=money,
    status=st.none() | st.just(22),
    error=st.just(8),
)


@given(
    taken=st.builds(
        sandbox.Taken,
        segments=st.integers(1, 100),
        reference=ids,
        cost=money,
        balance=money,
        phones=st.lists(phone_rows, max_size=3).map(tuple),
    )
)
def test_a_receipt_reads_the_same_in_every_format(taken: Any) -> None:
    found = [
        readings.submission(Answer(status=200, body=render(taken, fmt, "utf-8"), dialect=Dialect(format=fmt)))
        for fmt in "0123"
    ]
    assert isinstance(found[0], Accepted)
    assert all(accepted == found[0] for accepted in found)


def test_a_failed_send_reads_the_same_in_every_format() -> None:
    refusal = sandbox.Refusal(code=7, reference="c1", text="invalid number")
    for fmt in "0123":
        read_back = readings.submission(
            Answer(status=200, body=render(refusal, fmt, "utf-8"), dialect=Dialect(format=fmt))
        )
        assert isinstance(read_back, Failed)
        assert read_back.number == 7


# --- full statuses: what fmt 0 and 1 tell is told alike ------------------------------------------------------


@pytest.mark.parametrize("detail", [1, 2])
@given(row=sent)
@example(row=COMMAS_ALONE)  # was read as a row with a country and no cost
def test_a_full_status_tells_the_same_as_far_as_a_format_goes(detail: int, row: Any) -> None:
    answer = sandbox.Statuses(found=(row,), detail=detail, multiple=False)
    [expected] = read("status", answer, "3")
    assert read("status", answer, "2") == (expected,)
    for fmt in "01":
        [found] = read("status", answer, fmt)
        for name in (
            "status",
            "err",
            "changed_at",
            "sent_at",
            "phone",
            "cost",
            "sender_id",
            "status_name",
            "message",
        ):
            assert getattr(found, name) == getattr(expected, name), (name, render(answer, fmt, "utf-8"))


# --- restv2 -------------------------------------------------------------------------------------------------


def written(answer: Any, kind: str, *, odd: bool = False) -> Answer:
    body = {
        "json": lambda: orjson.dumps(restv2_rendering.as_json(answer)).decode(),
        "xml": lambda: restv2_rendering.as_xml(answer),
        "v2": lambda: restv2_rendering.as_text(answer, odd=odd),
    }[kind]()
    return Answer(status=200, body=body.encode(), dialect=Dialect(format=kind))


RESTV2_ANSWERS: dict[str, Any] = {
    "key": st.builds(restv2_answers.Key, key=st.from_regex(r"[0-9a-f]{14}", fullmatch=True)),
    "balance": st.builds(restv2_answers.Balance, balance=small.map(str)),
    "status": st.builds(
        restv2_answers.Changes,
        rows=st.lists(st.tuples(st.integers(10**9, 10**10).map(str), st.sampled_from("sdf123")), max_size=6).map(
            tuple
        ),
    ),
}


@pytest.mark.parametrize("name", RESTV2_ANSWERS)
@given(data=st.data(), odd=st.booleans())
def test_every_restv2_call_reads_equal_records_from_every_type(name: str, data: Any, odd: bool) -> None:  # noqa: FBT001
    answer = data.draw(RESTV2_ANSWERS[name])
    expected = RESTV2[name].read(written(answer, "json"))
    assert not isinstance(expected, Refused)
    for kind in ("xml", "v2"):
        assert RESTV2[name].read(written(answer, kind, odd=odd)) == expected, written(answer, kind, odd=odd)


# --- restv2, version 3: json and xml, as nobody has shown its plain text ---------------------------------------

letters = st.sampled_from("sdf")
counts = small.map(str)
numbers = st.integers(10**9, 10**10).map(str)
VERSION_3: dict[str, Any] = {
    "status_sms": st.builds(restv2_answers.Report, id=numbers, letter=letters, cost=counts, ttd=counts),
    "history": st.builds(
        restv2_answers.Past,
        rows=st.lists(
            st.builds(
                restv2_answers.PastRow,
                id=numbers,
                sender=plain,
                to=digits,
                text=free,
                timestamp=stamps,
                letter=letters,
                cost=counts,
                ttd=counts,
            ),
            max_size=4,
        ).map(tuple),
    ),
    "cancel": st.builds(restv2_answers.Purged),
    "mobile_check": st.builds(
        restv2_answers.Mobile,
        msisdn=digits,
        national=digits,
        country=plain,
        country_code=counts,
        gsm_code=counts,
        number=counts,
        mcc=st.just("202"),
        mnc=st.just("05"),
        cost=counts,
    ),
}
bulks = st.lists(
    st.tuples(numbers, digits), min_size=1, max_size=6, unique_by=(lambda row: row[0], lambda row: row[1])
)


def test_every_call_of_version_3_is_here() -> None:
    assert set(VERSION_3) == {name for name, call in RESTV2.items() if call.is_optional}


@pytest.mark.parametrize("name", VERSION_3)
@given(data=st.data())
def test_every_call_of_version_3_reads_equal_records_from_both_types(name: str, data: Any) -> None:
    answer = data.draw(VERSION_3[name])
    expected = RESTV2[name].read(written(answer, "json"))
    assert not isinstance(expected, Refused)
    assert RESTV2[name].read(written(answer, "xml")) == expected, written(answer, "xml")


@given(sent=bulks, rejected=st.integers(0, 5))
def test_a_bulk_answer_reads_the_same_from_both_types(sent: list[tuple[str, str]], rejected: int) -> None:
    answer = restv2_answers.Bulk(sent=tuple(sent), rejected=rejected, balance="9", cost="1")
    found = bulk.read_answer(written(answer, "json"))
    assert isinstance(found, bulk.BulkAnswer)
    assert [(row.id, row.msisdn) for row in found.rows] == sent
    assert found.rejected == rejected
    assert bulk.read_answer(written(answer, "xml")) == found


@pytest.mark.parametrize("name", [*VERSION_3])
@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_failure_of_version_3_is_a_refusal(name: str, kind: str) -> None:
    assert isinstance(RESTV2[name].read(written(restv2_answers.Failed(error=101), kind)), Refused)


@pytest.mark.parametrize("name", ["key", "status"])
@pytest.mark.parametrize("kind", ["json", "xml", "v2"])
def test_a_restv2_failure_is_a_refusal_in_every_type(name: str, kind: str) -> None:
    assert isinstance(RESTV2[name].read(written(restv2_answers.Failed(error=101), kind)), Refused)
