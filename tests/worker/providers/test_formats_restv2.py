"""The same values in every restv2 type: the sandbox writes an answer in each, and equal records are read back."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.sandbox.restv2 import answers as restv2_answers
from ops.sandbox.restv2 import rendering as restv2_rendering
from tests.worker.providers.values import RESTV2, digits, free, plain, small, stamps
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Dialect
from worker.providers.restv2 import bulk


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
