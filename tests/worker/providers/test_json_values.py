"""Single values out of provider JSON: how many lists and objects one answer may hold."""

from worker.providers import json_values

MANY = json_values._MOST_CONTAINERS


def test_an_answer_of_too_many_lists_is_none() -> None:
    assert json_values.parse(b"[" + b"[]," * MANY + b"0]") is None
    assert json_values.parse(b"[" + b'{"a":1},' * MANY + b"0]") is None


def test_brackets_in_a_text_are_no_lists() -> None:
    """A subscriber may write an SMS of brackets, and the page of the inbox must still be read."""
    text = "[{" * MANY
    assert json_values.parse(b'{"message":"' + text.encode() + b'","id":1}') == {"message": text, "id": 1}
    quoted = json_values.parse(b'{"message":"' + b'\\"[\\\\' * MANY + b'"}')
    assert quoted == {"message": '"[\\' * MANY}


def test_an_answer_that_is_long_and_not_crowded_is_read() -> None:
    rows = json_values.parse(b"[" + b'{"id":"1234567890"},' * 10_000 + b"0]")
    assert isinstance(rows, list)
    assert len(rows) == 10_001


def test_a_text_without_end_takes_no_longer_than_another() -> None:
    assert json_values.parse(b'["' + b'\\"[' * MANY * 2) is None
