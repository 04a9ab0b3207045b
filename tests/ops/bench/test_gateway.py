"""The free gateway: what it answers, what it remembers, and how reports come by one way at a time."""

import json

import pytest

from ops.bench.gateway_answers import Answers
from ops.bench.gateway_book import Book

_SEND = b"type=json&key=k&to=%s&text=Hello"
_LIST = b"list=%%2B306900000001%%3AHello%%0A%%2B306900000002%%3AYou+%%2B1%%3A&id=%s&fmt=3"


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def answers(book: Book) -> Answers:
    return Answers(book)


def _asked(answers: Answers, path: str, form: bytes = b"") -> object:
    body, is_send = answers.answer(path.encode(), form)
    assert not is_send
    return json.loads(body)


def test_each_single_message_gets_an_id_and_an_arrival(answers: Answers, book: Book) -> None:
    for number in (b"306900000001", b"306990000001"):
        body, is_send = answers.answer(b"/api/sms/send", _SEND % number)
        assert is_send
        assert json.loads(body)["status"] == "1"
    told = _asked(answers, "/count")
    assert isinstance(told, dict)
    assert (told["requests"], told["messages"]) == (2, 2)
    assert list(book.urgent) == ["306990000001"]
    assert book.doubled() == 0


def test_a_message_that_comes_twice_is_seen(answers: Answers) -> None:
    for _ in range(2):
        answers.answer(b"/api/sms/send", _SEND % b"306900000001")
    assert _asked(answers, "/doubled") == 1


def test_a_list_is_counted_by_its_rows(answers: Answers, book: Book) -> None:
    body, is_send = answers.answer(b"/sys/send.php", _LIST % b"c1")
    assert is_send
    assert json.loads(body)["cnt"] == 2
    assert book.pairs == [("c1", "306900000001"), ("c1", "306900000002")]


def test_several_phones_with_one_text_are_counted(answers: Answers, book: Book) -> None:
    answers.answer(b"/sys/send.php", b"phones=%2B306900000001%2C%2B306900000002&mes=Hello&id=c2")
    assert book.pairs == [("c2", "306900000001"), ("c2", "306900000002")]


def test_the_drain_gives_each_report_once_and_only_when_it_is_the_way(answers: Answers) -> None:
    answers.answer(b"/api/sms/send", _SEND % b"306900000001")
    assert _asked(answers, "/api/status/get")["total"] == "0"  # type: ignore[index]
    _asked(answers, "/mode/drain")
    assert _asked(answers, "/api/status/get")["0"] == {"id": "1", "status": "d"}  # type: ignore[index]
    assert _asked(answers, "/api/status/get")["total"] == "0"  # type: ignore[index]


def test_another_call_that_ends_in_get_takes_no_report(answers: Answers) -> None:
    """`balance/get` once ate the first thousand reports, and a run waited for them for ever."""
    answers.answer(b"/api/sms/send", _SEND % b"306900000001")
    _asked(answers, "/mode/drain")
    _asked(answers, "/api/balance/get")
    assert _asked(answers, "/api/status/get")["total"] == "1"  # type: ignore[index]


def test_history_pages_come_newest_first_and_end(answers: Answers) -> None:
    answers.answer(b"/sys/send.php", _LIST % b"c1")
    _asked(answers, "/mode/history")
    page = _asked(answers, "/sys/get.php", b"get_messages=1")
    assert [row["int_id"] for row in page] == ["2", "1"]  # type: ignore[attr-defined]
    assert _asked(answers, "/sys/get.php", b"get_messages=1&prev_id=1")["error_code"] == 3  # type: ignore[index]


def test_the_export_has_a_row_for_each_message(answers: Answers) -> None:
    answers.answer(b"/sys/send.php", _LIST % b"c1")
    _asked(answers, "/mode/export")
    body, _ = answers.answer(b"/sys/downloads.php", b"get_file=1&id=1")
    assert body.decode().splitlines()[1:] == ["c1;306900000001;1;0", "c1;306900000002;1;0"]
