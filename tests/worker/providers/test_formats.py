"""The same values in every smsc format: the sandbox writes an answer in each, and equal records are read back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ops.sandbox.smsc import answers as sandbox
from ops.sandbox.smsc.rendering import render
from producer.contract.messages import Msisdn, Reference
from producer.contract.states import Event
from tests.worker.providers.values import ANSWERS, COMMAS_ALONE, SMSC, digits, ids, money, sent, some
from worker.providers.registry import family
from worker.providers.reports import NotFound, Refused, Report, Reports
from worker.providers.requests import Answer, Dialect
from worker.providers.smsc import readings
from worker.providers.smsc.answers import Accepted, Failed
from worker.providers.smsc.calls.messages import Deleted

CODECS = {"utf-8": "utf-8", "windows-1251": "cp1251", "koi8-r": "koi8-r"}


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
