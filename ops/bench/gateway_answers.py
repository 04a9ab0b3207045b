"""What the benchmark's gateway answers: both families' sends, and where it is asked, its own book."""

import json
import re
from collections.abc import Callable
from typing import Final

from ops.bench.gateway_book import Book
from ops.bench.gateway_reports import Reports

_ACCEPTED: Final = b'{"status":"1","id":"%d","balance":"1000000","remarks":"Success"}'
_TAKEN: Final = b'{"id":"%s","cnt":%d,"cost":"0","balance":"1000000"}'
_MODE: Final = b"/mode/"
_LIST_PHONE: Final = re.compile(rb"(?:^|%0A)%2B(\d+)%3A")


class Answers:
    """Answers requests out of one book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._reports = Reports(book)
        self._others: dict[bytes, Callable[[], bytes]] = {
            b"/count": lambda: json.dumps(book.counted()).encode(),
            b"/arrivals": book.arrivals.tobytes,
            b"/urgent": lambda: json.dumps(book.urgent).encode(),
            b"/doubled": lambda: json.dumps(book.doubled()).encode(),
            b"/pairs": lambda: json.dumps(book.pairs).encode(),
        }

    def answer(self, path: bytes, form: bytes) -> tuple[bytes, bool]:
        """The body of the answer, and whether this was a send."""
        if path.endswith(b"/sms/send"):
            self._book.request()
            return _ACCEPTED % self._book.single(form), True
        if path.endswith(b"/send.php"):
            self._book.request()
            return self._several(form), True
        if other := self._others.get(path):
            return other(), False
        if path.startswith(_MODE):
            self._reports.mode = path.removeprefix(_MODE)
            return b"{}", False
        return self._reports.answer(path, form), False

    def _several(self, form: bytes) -> bytes:
        """Take one smsc request: `list` (a phone and a text a row) or `phones` with one text."""
        fields = dict(field.split(b"=", 1) for field in form.split(b"&"))
        client_id = fields[b"id"]
        if b"list" in fields:
            phones = _LIST_PHONE.findall(fields[b"list"])
        else:
            phones = fields[b"phones"].replace(b"%2B", b"").split(b"%2C")
        self._book.several(client_id, b",".join(phones), len(phones))
        return _TAKEN % (client_id, len(phones))
