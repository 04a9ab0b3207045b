"""Sources: encodings, bounds, and the line that is named when the rest cannot be trusted."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.campaigns import Recipient
from producer.recipients import RecipientsError, SourceError, read_recipients
from producer.sources import LONGEST_LINE, TextLines

TEXTS = st.text(st.characters(exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=50)
TABLE = "to,name\n306912345678,Μαρία\n"


class Dripping(io.BytesIO):
    """A stream that gives a few bytes at a time, as pipes do, and so cuts characters and line ends."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._size)


@given(st.lists(TEXTS), st.sampled_from(["utf-8", "utf-16", "utf-32-le"]), st.integers(1, 7))
def test_lines_are_whole_however_the_bytes_arrive(texts: list[str], encoding: str, size: int) -> None:
    content = "\n".join(texts)
    stream = Dripping(content.encode(encoding), size)
    lines = list(TextLines(stream, encoding))
    assert "".join(lines) == content
    assert all("\n" not in line[:-1] for line in lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1253", "iso-8859-7", "utf-16", "utf-16-le"])
def test_a_table_is_read_in_the_encoding_that_is_given(encoding: str) -> None:
    (row,) = read_recipients(io.BytesIO(TABLE.encode(encoding)), encoding=encoding)
    assert isinstance(row, Recipient)
    assert row.values == {"name": "Μαρία"}


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert len(list(read_recipients(io.BytesIO(TABLE.encode("utf-8-sig"))))) == 1
    assert len(list(read_recipients(io.StringIO("\ufeff" + TABLE)))) == 1


def test_a_path_a_text_stream_and_standard_input_give_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "recipients.csv"
    path.write_text(TABLE, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TABLE.encode())))
    expected = list(read_recipients(path))
    assert list(read_recipients(str(path))) == expected
    assert list(read_recipients("-")) == expected
    with path.open(encoding="utf-8") as stream:
        assert list(read_recipients(stream)) == expected
        assert not stream.closed


def test_a_file_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_recipients(tmp_path / "none.csv")


def test_an_encoding_that_is_unknown_is_named() -> None:
    with pytest.raises(RecipientsError, match="unknown encoding 'utf-9'"):
        read_recipients(io.BytesIO(b"to\n"), encoding="utf-9")


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"to,name\n306912345678,a\n306912345679,\xcc\xe1\n", 3, "byte 0xcc is not utf-8"),
        (b"to,name\n" + b"306912345678,a\n" * 30_000 + b"\xff", 30_002, "byte 0xff is not utf-8"),
        (b"to\n306912345678\xce", 2, "byte 0xce is not utf-8"),
        (TABLE.encode("utf-16"), 1, "looks like utf-16"),
        (TABLE.encode("utf-16-le"), 2, "looks like utf-16"),
        ("to\n306912345678\n".encode("utf-16-le"), 1, "NUL byte; if the file is utf-16, give that"),
        (b"to,name\n306912345678,a\0b\n", 2, "NUL byte"),
        (b"to,name\n306912345678," + b"a" * LONGEST_LINE + b"\n", 2, "longer than 65536 characters"),
        (b"to,name\n306912345678," + b"a" * 1_000_000, 2, "longer than 65536 characters"),
        (b'to,name\n306912345678,"' + (b"a" * 60_000 + b"\n") * 200, 2, "a quoted field does not end"),
    ],
)
def test_a_source_that_cannot_be_trusted_stops_with_the_line(data: bytes, line: int, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        list(read_recipients(io.BytesIO(data)))
    assert caught.value.line == line
    assert str(caught.value).startswith(f"line {line}: ")


def test_halves_of_surrogate_pairs_are_found_in_text_streams() -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"to,name\n306912345678,\xff\n"), encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SourceError, match="line 2: "):
        list(read_recipients(stream))


def test_a_source_that_is_dropped_half_read_is_closed(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = tmp_path / "recipients.csv"
    path.write_text(TABLE * 2, encoding="utf-8")
    rows = read_recipients(path)
    del rows
    assert not [warning for warning in recwarn if warning.category is ResourceWarning]
