"""Inputs made to hurt: bombs, endless lines, depth, and repetitions that turn a careless pattern into hours.

Each has a bound on its time, and where memory is the aim on that too. Times are of the CPU; what is allowed is some
ten times what it takes on a small machine.
"""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fuzz.bounds import seconds_of, within
from tests.fuzz.from_providers import CLIENT_ID, MESSAGES
from tests.fuzz.grid import SLOWEST, Body, grid
from tests.fuzz.targets import TARGETS
from worker.exporting.rows import RowFile
from worker.exporting.shape import BLOCK, Shape, shape_of
from worker.providers import requests
from worker.providers.outcomes import Uncertain
from worker.providers.registry import EXPORTS, FAMILIES
from worker.providers.reports import Refused
from worker.providers.requests import Answer, Dialect
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
    body = b'{"list":[' + unit * ((requests.LONGEST_LIST - 20) // len(unit)) + b"0]}"
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
