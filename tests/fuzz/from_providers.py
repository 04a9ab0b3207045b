"""Targets: what a provider answers, pushes and exports. The first byte chooses status, charset or variant."""

import os
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from multidict import CIMultiDict

from producer.contract.messages import Msisdn, Reference
from worker.calling import plain
from worker.exporting.rows import RowFile
from worker.exporting.shape import BLOCK, Shape, Shapeless, shape_of
from worker.providers import exports
from worker.providers.outcomes import Deferred, Rejected, RouteBlocked, Submitted, Uncertain
from worker.providers.pushes import (
    CallConfirmed,
    Collected,
    Forged,
    Incoming,
    PushKey,
    PushRequest,
    TokenReport,
    Unreadable,
    message_token,
)
from worker.providers.registry import EXPORTS, FAMILIES, INBOXES, PUSHES
from worker.providers.reports import Balance, NotFound, Refused, Report, Reports
from worker.providers.requests import Answer, Dialect, Outgoing
from worker.providers.streams import head_of

WORDS: Final = (
    *(b"id", b"cnt", b"cost", b"balance", b"error", b"error_code", b"phones", b"phone", b"status", b"err", b"c1"),
    *(
        b"79991234567",
        b"last_timestamp",
        b"int_id",
        b"total",
        b"remarks",
        b"smsId",
        b"key",
        b"mes",
        b"to",
        b"waitcall",
    ),
    *(b"OK", b"ERROR = ", b"Status = ", b", check_time = ", b", message = ", b"ID - ", b"zone = ", b"mail = "),
    *(b"<result>", b"</result>", b"<list>", b"</list>", b"<response>", b"</response>", b"<sms>", b"</sms>", b"<id>"),
    *(b"<!DOCTYPE", b"<!ENTITY", b"<![CDATA[", b"]]>", b"&#0;", b"&amp;", b"<?xml version='1.0'?>", b"<?"),
    *(b'"', b'":', b",", b";", b"\t", b"|", b"\n", b"\x00", b"\xef\xbb\xbf", b"\\ud800", b"1e999", b"-3"),
)

CLIENT_ID: Final = Reference("c1")
MESSAGES: Final = (
    Outgoing(msisdn=Msisdn("79991234567"), text="Hello"),
    Outgoing(msisdn=Msisdn("79991234568"), text="Bye"),
)
PAIRS: Final = tuple((CLIENT_ID, message.msisdn) for message in MESSAGES)
SECRET: Final = "no-fuzzer-will-find-this"

_STATUSES: Final = (200, 200, 404, 503)
_NOT_SUBMITTED: Final = (Rejected, Deferred, RouteBlocked, Uncertain)


def answers(family: str, form: str) -> Callable[[bytes], object]:
    """Every reading function of the family, on one answer in this format."""
    charsets = FAMILIES[family].charsets

    def run(data: bytes) -> None:
        choice = data[0] if data else 0
        dialect = Dialect(format=form, charset=charsets[choice // 4 % len(charsets)])
        answer = Answer(status=_STATUSES[choice % 4], body=data[1:], dialect=dialect)
        for reading in readings(family):
            reading(answer)

    return run


def readings(name: str) -> list[Callable[[Answer], None]]:
    """Each function of the family that reads an answer, with its promises checked."""
    one = FAMILIES[name]
    found: list[Callable[[Answer], None]] = [
        lambda answer: _outcomes(name, answer, MESSAGES[:1]),
        lambda answer: _outcomes(name, answer, MESSAGES),
        lambda answer: _check(one.balance.read(answer), Balance),
    ]
    if lookup := one.lookup:
        found += [
            lambda answer, pairs=pairs: _looked_up(lookup.read(pairs, answer), pairs) for pairs in (PAIRS[:1], PAIRS)
        ]
    found += [
        lambda answer, read=way.read: _reports(read(answer)) for way in (one.history, one.recall, one.drain) if way
    ]
    if key := one.key:
        found.append(lambda answer: _check(key.read(answer), str))
    if matching := one.matching:
        found.append(lambda answer: _sent(matching.read(answer)))
    if probe := one.probe:
        found.append(lambda answer: _check(probe.read(answer), bool | None))
    if inbox := INBOXES.get(name):
        found.append(lambda answer: _collected(inbox.read(answer, 7)))
    if listing := EXPORTS.get(name):
        found.append(lambda answer: _listed(listing, answer))
    return found + [lambda answer, read=call.read: _records(read(answer), answer) for call in one.calls.values()]


def callback(family: str) -> Callable[[bytes], object]:
    """A callback: query on the first line, body behind it. The first byte: whether it carries its proof."""

    def run(data: bytes) -> None:
        line, _, body = data[1:].partition(b"\n")
        query = dict(pair.partition("=")[::2] for pair in line.decode(errors="replace").split("&")[:20])
        if is_signed := data[:1] > b"\x7f":
            query |= {"secret": SECRET, "r": "c1", "s": message_token("c1", SECRET)}
        hashes = frozenset({"sha1", "md5", "crc32"} if data[:1] > b"\xbf" else {"sha1", "md5"})
        pushed = PUSHES[family].read(PushRequest(query=query, body=body), PushKey(secret=SECRET, hashes=hashes))
        assert is_signed or isinstance(pushed, Forged | Unreadable)
        match pushed:
            case Report() | TokenReport(report=Report()):
                _report(pushed.report if isinstance(pushed, TokenReport) else pushed)
            case Incoming() | CallConfirmed():
                assert 0 < len(pushed.msisdn) <= 20
                _storable(plain(pushed))
            case Forged(why=why) | Unreadable(why=why):
                assert why.isprintable()

    return run


def export(data: bytes) -> None:
    """A file of a deferred export: whatever the size of its batches, the rows are the same, and each byte is read."""
    listing = EXPORTS["smsc"]
    listing.refusal(200, data[:4096], Dialect())
    shape = shape_of(data[:BLOCK], listing.headers)
    if isinstance(shape, Shapeless):
        assert shape.words
        return
    with _file(data) as path:
        assert _rows(path, shape, listing, 2) == _rows(path, shape, listing, 1000)


def head(data: bytes) -> None:
    """The header fields of an answer that is streamed."""
    lines = (line.partition(":") for line in data[1:].decode(errors="replace").split("\n"))
    fields = CIMultiDict((name, value.strip()) for name, _, value in lines)
    told = head_of(206 if data[:1] > b"\x7f" else 200, fields)
    assert told.start >= 0
    assert not told.validator or told.validator.isascii()


class _file:  # noqa: N801 - reads as the function it stands for
    """Bytes under a path, without a disk."""

    def __init__(self, data: bytes) -> None:
        self._descriptor = os.memfd_create("fuzz")
        os.write(self._descriptor, data)

    def __enter__(self) -> Path:
        return Path(f"/proc/self/fd/{self._descriptor}")

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _rows(path: Path, shape: Shape, listing: exports.Exports, most: int) -> tuple[list[Report], int, int]:
    """All reports, rows and bad rows of a file, read anew from where each batch ended."""
    reports: list[Report] = []
    rows = bad = 0
    offset, is_end = shape.rows_at, False
    while not is_end:
        with RowFile(path, shape, offset, listing.row) as file:
            batch = file.batch(most)
        assert batch.is_end or batch.offset > offset
        assert not batch.bad or batch.first_bad
        reports += batch.reports
        rows, bad = rows + batch.rows, bad + batch.bad
        offset, is_end = batch.offset, batch.is_end
    for report in reports:
        _report(report)
    return reports, rows, bad


def _outcomes(name: str, answer: Answer, messages: tuple[Outgoing, ...]) -> None:
    for earlier in (False, True):
        outcomes = FAMILIES[name].sending.read(messages, CLIENT_ID, answer, earlier_attempt=earlier)
        assert len(outcomes) == len(messages)
        for outcome in outcomes:
            if isinstance(outcome, Submitted):
                assert answer.status == 200
                assert 0 < len(outcome.reference) <= 40
                assert outcome.reference.isascii()
            else:
                assert isinstance(outcome, _NOT_SUBMITTED)
                assert 0 < len(outcome.code) <= 60
                assert 0 < len(outcome.words) <= 400
                assert outcome.words.isprintable()


def _check(found: object, kind: Any) -> None:
    assert isinstance(found, kind | Refused)
    if isinstance(found, Refused):
        assert 0 < len(found.code) <= 60
        assert found.words
        _storable([found.code, found.words])


def _reports(found: Reports | Refused) -> None:
    _check(found, Reports)
    for item in found.items if isinstance(found, Reports) else ():
        if isinstance(item, Report):
            _report(item)


def _looked_up(found: Reports | Refused, pairs: tuple[tuple[Reference, Msisdn], ...]) -> None:
    """Of others than those that were asked for, nothing is said."""
    _reports(found)
    if isinstance(found, Reports):
        assert {(item.reference, item.msisdn) for item in found.items} <= set(pairs)


def _sent(found: object) -> None:
    _check(found, tuple | list)
    for sent in found if isinstance(found, tuple | list) else ():
        assert not isinstance(sent.report, NotFound)
        _report(sent.report)
        _storable(sent.text)


def _collected(found: Collected | Refused) -> None:
    _check(found, Collected)
    if isinstance(found, Collected):
        assert found.cursor >= 7, "the cursor of an inbox never goes back"
        for item in found.items:
            _storable(plain(item))


def _listed(listing: exports.Exports, answer: Answer) -> None:
    found = listing.read_list(answer)
    _check(found, tuple | list)
    if not isinstance(found, Refused):
        assert all(isinstance(task.id, int) and task.words for task in found)


def _records(found: object, answer: Answer) -> None:
    _check(found, tuple | list)
    for record in found if isinstance(found, tuple | list) else ():
        assert answer.status == 200
        assert is_dataclass(record)
        _storable(plain(record))


def _report(report: Report) -> None:
    assert 0 < len(report.reference) <= 64
    assert 0 < len(report.code) <= 60
    assert report.words.isprintable()
    _storable([report.reference, report.msisdn, report.code, report.words, report.cursor])


def _storable(value: object) -> None:
    """What is read can be written down: no half of a surrogate pair, no number that JSON has not."""
    orjson.dumps(value)
