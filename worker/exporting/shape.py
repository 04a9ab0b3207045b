"""What a CSV file is like, told from its beginning: encoding, delimiter, and which column holds what (pure)."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from worker.providers.charsets import encodings

BLOCK: Final = 64 * 1024
"""Bytes of a file's beginning that are looked at."""

REQUIRED: Final = ("reference", "msisdn", "status")

_DELIMITERS: Final = (";", ",", "\t")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TITLES: Final = 5  # lines; a title may stand above the header
_LONGEST_HEADER: Final = 4096
_LOOKS_PRIVATE: Final = re.compile(r"[0-9]{5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How to read the rows. `places`: the column of each role, from 0. `rows_at`: the byte where they begin."""

    encoding: str
    delimiter: str
    places: Mapping[str, int]
    rows_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapeless:
    """It cannot be read as a table of messages; `words` say why, and never repeat a row."""

    words: str


def shape_of(beginning: bytes, names: Mapping[str, Sequence[str]]) -> Shape | Shapeless:
    """The shape of a file whose first bytes (at most `BLOCK`) are `beginning`.

    `names`: for each role (reference, msisdn, status, err, changed_at) the header words that mean it, the
    likeliest first; compared without regard to case, spaces and quotes.
    """
    if beginning.startswith(_UTF_16):
        return Shapeless(words="it is UTF-16, which is not read")
    if not beginning.strip(b"\xef\xbb\xbf \r\n\t"):
        return Shapeless(words="it is empty")
    known = {role: [_plain(name) for name in meant] for role, meant in names.items()}
    shapes = list(_shapes(beginning, known))
    best = max(shapes, key=lambda shape: len(shape.places), default=None)
    if best is None:
        return Shapeless(words="its first lines are no header")
    missing = [role for role in REQUIRED if role not in best.places]
    return Shapeless(words=_without(missing, beginning, best)) if missing else best


def _shapes(beginning: bytes, known: Mapping[str, Sequence[str]]) -> Iterator[Shape]:
    """Every way to read it, the likeliest first among equals."""
    for end, line in _lines(beginning):
        for encoding in encodings(beginning):
            for delimiter in _DELIMITERS:
                header = _cells(line, encoding, delimiter)
                yield Shape(encoding=encoding, delimiter=delimiter, places=_places(header, known), rows_at=end)


def _lines(beginning: bytes) -> Iterator[tuple[int, bytes]]:
    """The first lines, each with the place where it ends."""
    end = 0
    for line in beginning.split(b"\n", _TITLES)[:_TITLES]:
        end = min(end + len(line) + 1, len(beginning))
        if len(line) <= _LONGEST_HEADER:
            yield end, line


def _cells(line: bytes, encoding: str, delimiter: str) -> list[str]:
    text = line.decode(encoding, errors="replace").rstrip("\r")
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _places(header: Sequence[str], known: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Where each role's likeliest name stands; one column has one role."""
    plain = [_plain(cell) for cell in header]
    found: dict[str, int] = {}
    for role, names in known.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None and place not in found.values():
            found[role] = place
    return found


def _plain(name: str) -> str:
    return " ".join(name.replace("\ufeff", "").replace("_", " ").strip("\"' \t\r").casefold().split())


def _without(missing: Sequence[str], beginning: bytes, best: Shape) -> str:
    line = beginning.split(b"\n", 1)[0][:_LONGEST_HEADER]
    cells = _cells(line, best.encoding, best.delimiter)
    header = "; ".join(cell for cell in cells[:40] if not _LOOKS_PRIVATE.search(cell))[:200]
    return f"no column for {', '.join(missing)}: name it in export_columns (the header is: {header!r})"
