"""What the benchmark's gateway tells of delivery: every accepted message was delivered, by the one way that is set.

`GET /mode/WAY` sets it: drain, status, history, export, or none. By every other way there is nothing new.
"""

import json
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import parse_qsl

from ops.bench.gateway_book import Book

NOTHING: Final = b'{"status":"1","balance":"1000000","total":"0","error":"0","remarks":"Info: No pending reports"}'
_BALANCE: Final = b'{"balance":"1000000.00","currency":"EUR"}'
_NO_ROWS: Final = b'{"error":"messages not found","error_code":3}'
_TASKS: Final = (
    b'[{"id":1,"name":"all","status":2,"created":"01.01.2026 10:00:00","time":"01.01.2026 10:00:01","file":"a"}]'
)
_PER_DRAIN: Final = 1000  # no document says how many (PROVIDERS.md B7)
_PER_PAGE: Final = 1000  # PROVIDERS.md A6

Fields = dict[str, str]


class Reports:
    """Answers the calls that fetch reports."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.mode = b"none"
        self._calls: dict[bytes, Callable[[Fields], bytes]] = {
            b"status/get": self._drain,
            b"sys/status.php": self._status,
            b"sys/get.php": self._history,
            b"sys/downloads.php": self._export,
            b"sys/balance.php": lambda _: _BALANCE,
        }

    def answer(self, path: bytes, form: bytes) -> bytes:
        """The body of an answer to a call that is no send."""
        call = self._calls.get(b"/".join(path.rsplit(b"/", 2)[1:]))
        return call(dict(parse_qsl(form.decode()))) if call else NOTHING

    def _drain(self, _: Fields) -> bytes:
        ids = self._book.take(_PER_DRAIN) if self.mode == b"drain" else range(0)
        if not ids:
            return NOTHING
        rows = ",".join(f'"{place}":{{"id":"{number}","status":"d"}}' for place, number in enumerate(ids))
        return f'{{{rows},"status":"1","total":"{len(ids)}","remarks":"Success"}}'.encode()

    def _status(self, asked: Fields) -> bytes:
        ids, phones = asked.get("id", "").split(","), asked.get("phone", "").split(",")
        status = 1 if self.mode == b"status" else 0  # 0: handed to the operator
        rows = [
            {"id": name, "phone": phone, "status": status, "err": 0, "last_timestamp": 1769929200}
            for name, phone in zip(ids, phones, strict=False)
        ]
        return json.dumps(rows if len(rows) > 1 else rows[0]).encode()

    def _history(self, asked: Fields) -> bytes:
        if self.mode != b"history":
            return _NO_ROWS
        every = self._book.pairs
        last = int(asked.get("prev_id", len(every) + 1)) - 1
        first = max(0, last - _PER_PAGE)
        rows = [
            {"id": name, "phone": phone, "int_id": str(first + place + 1), "status": 1, "err": 0}
            for place, (name, phone) in enumerate(every[first:last])
        ]
        return json.dumps(rows[::-1]).encode() if rows else _NO_ROWS

    def _export(self, asked: Fields) -> bytes:
        if self.mode != b"export":
            return _NO_ROWS
        return "".join(_csv(self._book.pairs)).encode() if "get_file" in asked else _TASKS


def _csv(pairs: Iterable[tuple[str, str]]) -> Iterable[str]:
    yield "id;phone;status;err\n"
    for name, phone in pairs:
        yield f"{name};{phone};1;0\n"
