"""Recipients, texts and settings made to hurt: lines without end, a million columns, wrong charsets, odd items.

Each has a bound on its time, and where memory is the aim on that too, as in `test_attacks.py`.
"""

import gzip
import io
from pathlib import Path

import click
import pytest

from ops.commands.values import encoding_name, text_of
from ops.errors import OpsError
from producer.checking import checked_template
from producer.errors import TextError
from producer.gathering import Gathering
from producer.msisdn import Normaliser
from producer.recipients import read_recipients
from producer.rendering import Template
from producer.unreadable import HeaderError, RecipientsError, SourceError
from tests.fuzz.bounds import within
from tests.fuzz.from_people import _ENTRY
from tests.fuzz.targets import TARGETS
from worker.settings import SettingsError, load


class Endless(io.RawIOBase):
    """A stream of so many bytes that holds none of them."""

    def __init__(self, unit: bytes, size: int, head: bytes = b"") -> None:
        self._block = unit * (65_536 // len(unit))
        self._left = size
        self._head = head
        self.read_so_far = 0

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        piece = self._block[: min(size if size >= 0 else self._left, self._left)]
        self._left -= len(piece)
        self.read_so_far += len(piece)
        return piece


@pytest.mark.parametrize("unit", [b"x", b" ", b",", b'"', b'""', b"\r", b"3069", b"\xd1\x8f"], ids=repr)
@pytest.mark.parametrize("head", [b"", b"to,name\n", b'{"to":"'], ids=["header", "row", "object"])
def test_a_line_of_a_hundred_megabytes_is_refused_at_its_beginning(unit: bytes, head: bytes) -> None:
    if unit == b"\r" and head:
        pytest.skip("a carriage return ends a line: these are blank ones, each read and forgotten")
    stream = Endless(unit, 100 * 2**20, head)
    with within(seconds=3.0, megabytes=8), pytest.raises(RecipientsError):
        for _ in read_recipients(stream):
            pass
    assert stream.read_so_far < 2**20


def test_a_million_columns_are_refused() -> None:
    with within(seconds=3.0, megabytes=16), pytest.raises(SourceError, match="longer than"):
        list(read_recipients(io.BytesIO(b"to," + b"a," * 1_000_000 + b"\n")))
    with pytest.raises(HeaderError, match="columns"):
        list(read_recipients(io.BytesIO(b"to" + b",a" * 500 + b"\n")))


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(b"to\n306912345678\n" * 100),
        "to\n306912345678\n".encode("utf-16"),
        "to\n306912345678\n".encode("utf-16-be"),
        b"to\n3069\x0012345678\n",
        "to,name\n306912345678,Γιώργος\n".encode("cp1253"),
        "to,name\n306912345678,Γιώργος\n".encode() + "306912345679,Иван\n".encode("cp1251"),
        b"PK\x03\x04\x14\x00\x00\x00to\n306912345678\n",
    ],
    ids=["gzip", "utf-16", "utf-16 without a mark", "NUL", "cp1253", "two charsets", "a spreadsheet"],
)
def test_what_is_no_text_stops_the_reading_in_words(data: bytes) -> None:
    with pytest.raises(RecipientsError) as caught:
        list(read_recipients(io.BytesIO(data)))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "name",
    ["zlib", "bz2", "hex", "base64", "rot13", "idna", "punycode", "unicode_escape", "undefined", "a\0b", "\ud800"],
)
def test_an_encoding_that_no_file_is_in_is_refused(name: str) -> None:
    """`zlib` would have made a bomb of a list of numbers; `idna` takes a time in the square of a line."""
    with pytest.raises(RecipientsError, match="encoding"):
        list(read_recipients(io.BytesIO(b"to\n306912345678\n"), encoding=name))


@pytest.mark.parametrize(
    "item",
    [
        {"to": 10**5000},
        {"to": "306912345678", "n": 10**5000},
        {"to": "306912345678", "n": float("nan")},
        {"to": float("inf")},
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        None,
        [],
        b"306912345678",
    ],
    ids=lambda item: type(item).__name__,
)
def test_an_odd_item_is_refused_and_the_next_one_taken(item: object) -> None:
    """Python writes no number of more than 4300 digits: one of them ended the reading of all others."""
    gathering = Gathering(Template.parse("Hello"), longest_text=100)
    chunks = list(gathering.chunks(read_recipients([item, "306912345678"])))
    assert [recipient.msisdn for chunk in chunks for recipient in chunk] == ["306912345678"]
    assert gathering.gathered.refused == 1
    assert gathering.gathered.refusals[0].given.isprintable()


def test_a_long_value_put_in_a_hundred_times_is_refused_before_it_is() -> None:
    gathering = Gathering(Template.parse("$a" * 400), longest_text=1000)
    with within(seconds=2.0, megabytes=16):
        assert not list(gathering.chunks(read_recipients([{"to": "306912345678", "a": "x" * 2**20}])))
    assert gathering.gathered.refusals[0].reason.startswith(f"the text would have {400 * 2**20} characters")


@pytest.mark.parametrize("unit", ["0", "1", "+", "(", " ", "(0)", ".", "e", "\u200b", "٣"], ids=repr)
def test_a_number_of_a_megabyte_is_refused_quickly(unit: str) -> None:
    for region in (None, "GR", "RU", "US"):
        with within(seconds=2.0):
            assert not isinstance(Normaliser(region)("30691" + unit * 2**20), str)


@pytest.mark.parametrize("unit", ["$", "$$", "${", "${a}", "$a", "%", "{", "€", "\ud83d"], ids=repr)
def test_a_template_of_a_megabyte_is_read_or_refused_quickly(unit: str) -> None:
    with within(seconds=3.0):
        TARGETS["template"].outcome((unit * (2**20 // len(unit))).encode(errors="surrogatepass"))


@pytest.mark.parametrize("text", ["\0", "Hello\0", "\ud83d", "Hello \udcff"], ids=ascii)
def test_a_text_that_cannot_be_sent_is_refused_where_it_is_given(text: str) -> None:
    """A text from a terminal in another charset holds halves of surrogate pairs; it ended in a TypeError of JSON."""
    with pytest.raises(TextError, match="no text can hold"):
        checked_template(text, _ENTRY)


def test_a_template_file_without_end_is_refused() -> None:
    with within(seconds=1.0, megabytes=8), pytest.raises(OpsError, match="more than"):
        text_of(None, Path("/dev/zero"))


@pytest.mark.parametrize("name", ["zlib", "rot13", "undefined", "no-such", "\ud800"], ids=ascii)
def test_an_encoding_that_is_none_of_text_is_wrong_usage(name: str) -> None:
    with pytest.raises(click.BadParameter, match="is no encoding"):
        encoding_name(name)


# --- settings ------------------------------------------------------------------------------------------------

_ACCOUNT = b'[accounts.a]\nfamily = "smsc"\nbase_url = "%s"\nlogin = "a"\npassword = "b"\n%s\n'


@pytest.mark.parametrize(
    "data",
    [
        b"a = " + b"[" * 100_000,
        b"a = " + b"{a=" * 100_000,
        b"a = " + b"9" * 5_000,
        b"a." * 100_000 + b"b = 1",
        (b"[" + b".".join([b"a"] * 90) + b"]\n") * 1_000,
        b"x" * 1_000_000,
        b"\xff\xfea\x00",
        b"a = nan\x00",
        b'a = """' + b"\n" * 200_000,
        b"[accounts.a]\n" * 2,
        _ACCOUNT % (b"http://[", b""),
        _ACCOUNT % (b"https://a\\u0000b", b""),
        _ACCOUNT % (b"https://a:b@x.example", b""),
        _ACCOUNT % (b"https://a", b"limits = {rate = nan}"),
        _ACCOUNT % (b"https://a", b'callback_base = "http://["'),
    ],
    ids=lambda data: repr(data[:12]) + str(len(data)),
)
def test_settings_that_hurt_are_refused_in_words(data: bytes, tmp_path: Path) -> None:
    """Deep brackets ended in a RecursionError, a long number and half an address in a bare ValueError."""
    path = tmp_path / "volley.toml"
    path.write_bytes(data)
    with within(seconds=5.0, megabytes=64), pytest.raises(SettingsError) as caught:
        load({"VOLLEY_CONFIG": str(path), "REDIS_URL": "redis://localhost"})
    assert len(str(caught.value)) < 1000


def test_settings_without_end_are_refused() -> None:
    with within(seconds=1.0, megabytes=8), pytest.raises(SettingsError, match="longer than"):
        load({"VOLLEY_CONFIG": "/dev/zero", "REDIS_URL": "redis://localhost"})
