"""Inputs made to hurt: bombs, endless lines, depth, and repetitions that turn a careless pattern into hours.

Each has a bound on its time, and where memory is the aim on that too. Times are of the CPU; what is allowed is some
ten times what it takes on a small machine.
"""

import gzip
import io
import itertools
import json
import random
from collections.abc import Callable, Iterator
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
from tests.fuzz.bounds import seconds_of, within
from tests.fuzz.from_people import _ENTRY
from tests.fuzz.from_providers import CLIENT_ID, MESSAGES
from tests.fuzz.grid import SLOWEST, Body, grid
from tests.fuzz.targets import TARGETS
from worker.exporting.rows import RowFile
from worker.exporting.shape import BLOCK, Shape, shape_of
from worker.providers import exchange
from worker.providers.interface import Answer, Dialect, Refused, Uncertain
from worker.providers.registry import EXPORTS, FAMILIES
from worker.settings import SettingsError, load
from worker.wire import WireError, read_entry

_LONG = 512 * 1024


# --- XML ---------------------------------------------------------------------------------------------------

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML_BOMBS = {
    "billion laughs": f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "lol">{_LAUGHS}]><result>&l9;</result>',
    "quadratic blow-up": f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><result>{"&x;" * 50_000}</result>',
    "external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><result>&x;</result>',
    "external DTD": '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><result>OK</result>',
    "parameter entity": '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]><result>OK</result>',
    "default attributes": '<!DOCTYPE a [<!ATTLIST result a CDATA "x">]><result>OK</result>',
    "depth": "<a>" * 1_000_000,
    "another encoding": '<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a+AD4-<result>OK</result>',
    "an attribute without end": f'<result a="{"x" * 7_000_000}',
    "a thousand attributes": "<result " + " ".join(f"a{n}='1'" for n in range(100_000)) + ">OK",
}


@pytest.mark.parametrize("name", XML_BOMBS)
@pytest.mark.parametrize(("family", "form"), [("smsc", "2"), ("restv2", "xml")])
def test_an_xml_bomb_is_no_answer(family: str, form: str, name: str) -> None:
    answer = Answer(status=200, body=XML_BOMBS[name].encode(), dialect=Dialect(format=form))
    with within(seconds=3.0, megabytes=100):
        outcomes = FAMILIES[family].sending.read(MESSAGES[:1], CLIENT_ID, answer, earlier_attempt=False)
        balance = FAMILIES[family].balance.read(answer)
    assert [type(outcome) for outcome in outcomes] == [Uncertain]
    assert isinstance(balance, Refused)


@pytest.mark.parametrize("name", XML_BOMBS)
def test_an_xml_bomb_is_no_callback(name: str) -> None:
    with within(seconds=1.0, megabytes=20):
        TARGETS["smsc-callback"].run(b"\xff\n" + XML_BOMBS[name].encode()[: 64 * 1024])


# --- repetitions: the time grows with the length and not with its square -------------------------------------

SOME = random.Random(20261121).sample(list(grid()), 70)


@pytest.mark.parametrize("body", SOME, ids=lambda body: f"{body.family}-{body.form}-{body.parts}")
def test_a_repetition_is_read_in_a_time_in_its_length(body: Body) -> None:
    """Some of the grid; `python3 -m ops test --fuzz` tries all of it."""
    assert body.slowest() < SLOWEST * 3


LONG = {
    "v2, line ends before a bar": ("restv2", "v2", "status", b"x" + b"\n" * _LONG + b"|x"),
    "v2, spaces behind a bar": ("restv2", "v2", "status", b"1|x" + b" " * _LONG + b"x"),
    "v2, rows and a broken one": ("restv2", "v2", "status", b"1 | d |\n" * (_LONG // 8) + b"|x"),
    "commas, a text of line ends": ("smsc", "1", "messages", b"1,2,3\n" + b"\n" * _LONG + b"x"),
    "text, a text of line ends": ("smsc", "0", "answers", b"id = 1, message = " + b"\n" * _LONG + b"x"),
    "text, short lines": ("smsc", "0", "operator", b"a\n" * (_LONG // 2)),
    "xml, a text in pieces": ("smsc", "2", "messages", b"<result>" + b"x<a/>" * (_LONG // 5) + b"</result>"),
    "xml, references": ("restv2", "xml", "status", b"<response>" + b"&amp;" * (_LONG // 5) + b"</response>"),
    "json, empty rows": ("smsc", "3", "messages", b"[" + b"{}," * (_LONG // 3) + b"0]"),
    "json, quotes and escapes": ("smsc", "3", "messages", b'["' + b'\\"[' * (_LONG // 3)),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_answer_takes_seconds_at_most(name: str) -> None:
    family, form, call, body = LONG[name]
    answer = Answer(status=200, body=body, dialect=Dialect(format=form))
    read = FAMILIES[family].calls[call].read
    assert seconds_of(lambda: read(answer)) < 8.0


@pytest.mark.parametrize("unit", [b"[],", b"{},", b'"ab",', b"1.5,", b'{"a":1},'], ids=repr)
def test_the_longest_json_answer_takes_a_bounded_memory(unit: bytes) -> None:
    """8 MB of empty lists were 270 MB of Python; with more than 400,000 of them it is no answer."""
    body = b'{"list":[' + unit * ((exchange.LONGEST_ANSWER - 20) // len(unit)) + b"0]}"
    answer = Answer(status=200, body=body)
    with within(seconds=10.0, megabytes=256):
        outcomes = FAMILIES["restv2"].sending.read(MESSAGES[:1], CLIENT_ID, answer, earlier_attempt=False)
    assert [type(outcome) for outcome in outcomes] == [Uncertain]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "body", [b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000 + b"1" + b"}" * 10_000], ids=["[", "{"]
)
def test_deep_json_is_no_answer(family: str, body: bytes) -> None:
    with within(seconds=1.0, megabytes=20):
        [outcome] = FAMILIES[family].sending.read(
            MESSAGES[:1], CLIENT_ID, Answer(status=200, body=body), earlier_attempt=False
        )
    assert isinstance(outcome, Uncertain)


# --- recipients ------------------------------------------------------------------------------------------------


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


# --- the wire, exports ---------------------------------------------------------------------------------------


def test_a_wire_entry_of_depth_or_length_is_refused() -> None:
    for body in (
        b"[" * 100_000,
        b"[" * 1000 + b"]" * 1000,
        b"x" * 2**21,
        b'{"a":NaN}',
        b'{"a":1' + b"0" * 5000 + b"}",
        b'"\\ud800"',
    ):
        with within(seconds=1.0, megabytes=16), pytest.raises(WireError):
            read_entry({b"v": b"1", b"type": b"campaign.submit", b"body": body})


def test_the_last_of_two_equal_names_counts() -> None:
    """JSON leaves it open; here it is the same everywhere: the last one."""
    _, body = read_entry({b"v": b"1", b"type": b"t", b"body": b'{"a":1,"a":2}'})
    assert body == {"a": json.loads('{"a":1,"a":2}')["a"]} == {"a": 2}


EXPORTED: dict[str, Callable[[], Iterator[bytes]]] = {
    "a line of 100 MB": lambda: itertools.chain([b"id;phone;status\n"], itertools.repeat(b"x" * 2**20, 100)),
    "a quote without end": lambda: itertools.chain([b'id;phone;status\n1;"'], itertools.repeat(b"x\n" * 2**17, 1)),
    "quotes without end": lambda: itertools.chain([b"id;phone;status\n"], itertools.repeat(b'"a\nb\n' * 2**15, 1)),
    "NULs": lambda: itertools.chain([b"id;phone;status\n"], itertools.repeat(b"\0" * 2**20, 8)),
    "delimiters": lambda: itertools.chain([b"id;phone;status\n"], itertools.repeat(b";" * 2**20, 8)),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_file_that_hurts_is_read_to_its_end_in_constant_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    with path.open("wb") as file:
        file.writelines(EXPORTED[name]())
    with path.open("rb") as file:
        shape = shape_of(file.read(BLOCK), EXPORTS["smsc"].headers)
    assert isinstance(shape, Shape)
    with within(seconds=60.0, megabytes=16), RowFile(path, shape, shape.rows_at, EXPORTS["smsc"].row) as rows:
        while not (batch := rows.batch(1000)).is_end:
            assert not batch.reports
    assert batch.offset == path.stat().st_size
