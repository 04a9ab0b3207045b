"""Export files as bytes: their shape, their rows as reports, and whatever else may come instead."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.exporting.rows import LONGEST_ROW, Batch, RowFile
from worker.exporting.shape import BLOCK, Shape, Shapeless, shape_of
from worker.providers.exports import BadRow, TaskStage
from worker.providers.reports import Refused, Report
from worker.providers.requests import Answer, Dialect
from worker.providers.smsc.exports import EXPORTS

CASES = json.loads((Path(__file__).parent / "cases/smsc/exports.json").read_text(encoding="utf-8"))
JSON_IN_UTF_8 = Dialect(format="3", charset="utf-8")

Case = Mapping[str, Any]


def of_kind(kind: str) -> Any:
    cases = [case for case in CASES if case["kind"] == kind]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=lambda case: case["name"])


def shaped(data: bytes) -> Shape:
    shape = shape_of(data[:BLOCK], EXPORTS.headers)
    assert isinstance(shape, Shape), shape
    return shape


def batches(data: bytes, shape: Shape, most: int = 500) -> list[Batch]:
    """The file read to its end."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with RowFile(Path(file.name), shape, shape.rows_at, EXPORTS.row) as rows:
            found = [rows.batch(most)]
            while not found[-1].is_end:
                found.append(rows.batch(most))
    return found


def told(item: Report | BadRow) -> object:
    if isinstance(item, BadRow):
        return item.why
    moment = item.changed_at.isoformat() if item.changed_at else None
    return [item.reference, item.msisdn, item.event.value if item.event else None, item.code, moment]


def rows_of(data: bytes) -> list[object]:
    """What each row says, one at a time."""
    found: list[object] = []
    for batch in batches(data, shaped(data), 1):
        found += [told(report) for report in batch.reports] + [batch.first_bad] * batch.bad
    return found


# --- files ---------------------------------------------------------------------------------------------


@of_kind("file")
def test_a_file_is_read_by_its_own_encoding_delimiter_and_header(case: Case) -> None:
    data = case["text"].encode(case["encoding"])
    *_, last = data.splitlines(keepends=True)
    times = case.get("repeat_last", 1)
    data += last * (times - 1)
    shape = shaped(data)
    assert [shape.encoding, shape.delimiter] == case["shape"]
    assert rows_of(data) == case["rows"][:-1] + case["rows"][-1:] * times


@of_kind("shapeless")
def test_a_file_that_is_no_table_of_messages_says_why_without_repeating_a_row(case: Case) -> None:
    assert shape_of(case["text"].encode(case["encoding"]), EXPORTS.headers) == Shapeless(words=case["words"])


@of_kind("no file")
def test_what_comes_instead_of_a_file_is_a_refusal(case: Case) -> None:
    refusal = EXPORTS.refusal(case["status"], case["text"].encode(), JSON_IN_UTF_8)
    assert refusal is not None
    assert refusal.code == case["code"]


def test_a_header_word_of_our_own_is_found() -> None:
    names = dict(EXPORTS.headers) | {"reference": ("Наш номер",)}
    shape = shape_of("ID;наш_номер;Телефон;Статус\n".encode(), names)
    assert isinstance(shape, Shape)
    assert shape.places == {"reference": 1, "msisdn": 2, "status": 3}


def test_a_block_that_ends_in_the_middle_of_a_letter_is_utf_8() -> None:
    assert shaped("ID;Телефон;Статус\nv1;79991234567;1\nпривет".encode()[:-1]).encoding == "utf-8"


def test_letters_decide_when_the_header_does_not() -> None:
    for encoding in ("cp1251", "koi8-r"):
        assert shaped("ID;Phone;Status\nv1;79991234567;доставлено\n".encode(encoding)).encoding == encoding


# --- hostile files ---------------------------------------------------------------------------------------


def test_a_line_of_megabytes_and_a_nul_byte_are_bad_rows() -> None:
    head, good = b"ID;Phone;Status\n", b"v9;79991234567;1\n"
    data = head + b"x" * (3 * LONGEST_ROW) + b"\n" + good + b"v1;7999\x001234567;1\n" + b'"' + b"y" * 5_000_000
    assert rows_of(data) == [
        "its line is too long",
        ["v9", "79991234567", "report_delivered", "smsc.status.1", None],
        "its phone number is none",
        "its line is too long",
    ]


def test_reading_goes_on_from_any_batch_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    """A crash between batches: offsets are places where rows begin, also inside texts of several lines."""
    data = b"ID;Message;Phone;Status\n" + b'v1;"a\nb";79991234567;1\nv2;";79991234567;1\nv3;c;79991234567;1\n' * 40
    shape, path = shaped(data), tmp_path / "rows.csv"
    path.write_bytes(data)
    whole = [report.reference for batch in batches(data, shape, 1000) for report in batch.reports]
    pieces, offset, is_end = [], shape.rows_at, False
    while not is_end:
        with RowFile(path, shape, offset, EXPORTS.row) as rows:
            batch = rows.batch(3)
        pieces += [report.reference for report in batch.reports]
        offset, is_end = batch.offset, batch.is_end
    assert pieces == whole


@settings(deadline=None)
@given(st.binary(max_size=3000), st.integers(min_value=1, max_value=7))
def test_no_bytes_behind_a_header_raise_and_every_report_names_a_message(data: bytes, most: int) -> None:
    """Invariants: reading ends at the file's end, counts add up, a report has an id and a phone number."""
    whole = b"ID;Phone;Status\n" + data
    shape = Shape(
        encoding="utf-8",
        delimiter=";",
        places={"reference": 0, "msisdn": 1, "status": 2},
        rows_at=len(b"ID;Phone;Status\n"),
    )
    found = batches(whole, shape, most)
    assert found[-1].offset == len(whole)
    for batch in found:
        assert batch.rows == len(batch.reports) + batch.bad
        assert all(report.reference and report.msisdn.isdecimal() for report in batch.reports)


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_no_bytes_make_the_shape_raise_and_a_shape_has_what_it_needs(data: bytes) -> None:
    match shape_of(data, EXPORTS.headers):
        case Shape(places=places, rows_at=rows_at):
            assert {"reference", "msisdn", "status"} <= set(places)
            assert rows_at <= len(data)
        case Shapeless(words=words):
            assert words


@given(
    st.lists(st.tuples(st.sampled_from(["a", ";", '"', "\n", "\r\n", "v1", "79991234567"]), st.just("")), max_size=60)
)
def test_pieces_of_csv_in_any_order_are_read_to_the_end(pieces: list[tuple[str, str]]) -> None:
    data = b"ID;Phone;Status\n" + "".join(piece for piece, _ in pieces).encode()
    assert batches(data, shaped(data), 2)[-1].offset == len(data)


# --- the list of tasks -----------------------------------------------------------------------------------


def test_tasks_are_listed_by_what_can_be_done_with_them() -> None:
    rows = [
        {"id": number, "name": "t", "status": number, "created": "", "time": "", "file": ""} for number in range(6)
    ]
    tasks = EXPORTS.read_list(Answer(status=200, body=json.dumps(rows).encode(), dialect=JSON_IN_UTF_8))
    assert not isinstance(tasks, Refused)
    pending, ready, over = TaskStage.PENDING, TaskStage.READY, TaskStage.OVER
    assert [task.stage for task in tasks] == [pending, pending, ready, over, over, pending]


def test_an_empty_list_is_no_error() -> None:
    for body in (b"[]", b'{"error":"not found","error_code":3}'):
        assert EXPORTS.read_list(Answer(status=200, body=body, dialect=JSON_IN_UTF_8)) == ()
