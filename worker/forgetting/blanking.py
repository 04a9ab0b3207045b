"""Taking one person out of an exported file: each row that holds the number is overwritten with spaces, in its place.

The file keeps its length, so that others may read it meanwhile and a piece may be done twice. A row may have lines in
quotes; of one without an end (a broken file) only the number is overwritten.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from worker.exporting.files import stored
from worker.forgetting.needle import Needle

_OURS: Final = re.compile(r"[^.].*-[0-9]+\.csv")
_PIECE: Final = 4 * 1024 * 1024
_LONGEST_ROW: Final = 256 * 1024
_OVERLAP: Final = 64
"""Bytes: longer than a number in UTF-16."""

_MOST_LINES: Final = 1000
"""Of one row."""

_BYTES: Final = "latin-1"
"""Whatever is no UTF-16 has one byte for each of the letters that matter here; the others pass through unchanged."""


class Blanked(NamedTuple):
    """How many rows were overwritten, and where to go on when time ran out (None: all is done)."""

    rows: int
    go_on: int | None


def is_ours(path: Path) -> bool:
    """Whether it is a whole file as exports are named: not one that is being written, and nobody else's."""
    return _OURS.fullmatch(path.name) is not None


def blank(path: Path, offset: int, needle: Needle, *, seconds: float) -> Blanked:
    """Overwrite the rows with the number behind byte `offset`. Blocking. A file that is gone holds nothing.

    Raises StorageError.
    """
    if not path.exists():
        return Blanked(0, None)
    return stored(lambda: _blank(path, offset, needle, seconds))


def _blank(path: Path, offset: int, needle: Needle, seconds: float) -> Blanked:
    ends, rows = time.monotonic() + seconds, 0
    with path.open("r+b") as file:
        alphabet = _alphabet(file.read(2))
        file.seek(offset)
        while piece := file.read(_PIECE):
            piece = piece[: _whole(piece, alphabet)] if len(piece) == _PIECE else piece
            if needle.is_in(piece):
                file.seek(offset)
                rows += _blank_piece(file, piece, needle, alphabet)
            offset += len(piece)
            file.seek(offset)
            if time.monotonic() >= ends:
                return Blanked(rows, offset)
    return Blanked(rows, None)


def _alphabet(beginning: bytes) -> str:
    """UTF-16 by its mark, or by a first letter that is one of ours."""
    if beginning == b"\xff\xfe" or beginning.endswith(b"\0"):
        return "utf-16-le"
    return "utf-16-be" if beginning == b"\xfe\xff" or beginning.startswith(b"\0") else _BYTES


def _whole(piece: bytes, alphabet: str) -> int:
    """Bytes up to the end of a row: the last line end of the piece that is not within quotes.

    Where there is none, almost all of them: a number that is cut there is whole in the next piece.
    """
    text = _decoded(piece, alphabet)
    end = len(text)
    for _ in range(_MOST_LINES):
        end = text.rfind("\n", 0, end)
        if end < 0:
            break
        if text.count('"', 0, end) % 2 == 0:
            return len(_encoded(text[: end + 1], alphabet))
    return len(piece) - _OVERLAP


def _blank_piece(file: BinaryIO, piece: bytes, needle: Needle, alphabet: str) -> int:
    """Write the piece again where it stands; how many rows of it were overwritten."""
    written, blanked = bytearray(), 0
    for row in _rows(_decoded(piece, alphabet)):
        data = _encoded(row, alphabet)
        if needle.is_in(data):
            blanked += 1
            data = _spaces(row, data, needle, alphabet)
        written += data
    file.write(written)  # an odd last byte, of a file that was cut, stays as it is
    return blanked


def _rows(text: str) -> Iterator[str]:
    """Lines until their quotes are even, or they are longer than rows are."""
    row, quotes = "", 0
    for line in text.splitlines(keepends=True):
        row += line
        quotes += line.count('"')
        if (quotes % 2 == 0 and line.endswith("\n")) or len(row) > _LONGEST_ROW:
            yield row
            row, quotes = "", 0
    yield row


def _spaces(row: str, data: bytes, needle: Needle, alphabet: str) -> bytes:
    """As many bytes as `data`: spaces, and the row's own line end."""
    if len(row) > _LONGEST_ROW:
        return needle.blanked(data)
    end = _encoded(row[len(row.rstrip("\r\n")) :], alphabet)
    space = _encoded(" ", alphabet)
    return space * ((len(data) - len(end)) // len(space)) + end


def _decoded(data: bytes, alphabet: str) -> str:
    whole = data if alphabet == _BYTES else data[: len(data) // 2 * 2]
    return whole.decode(alphabet, "surrogatepass")


def _encoded(text: str, alphabet: str) -> bytes:
    return text.encode(alphabet, "surrogatepass")
