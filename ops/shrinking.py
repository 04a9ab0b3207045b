"""Making PNG files of screens smaller: a palette of 256 does, for but for the edges of letters colours are few."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">IIBBBBB")
_DEPTH, _RGB, _PALETTE = 8, 2, 3


def shrunk(png: bytes) -> bytes:
    """The same picture in fewer bytes, its rarest colours replaced by the nearest common ones.

    `png` as it is when it is not 8-bit RGB, or interlaced.
    """
    chunks = list(_chunks(png))
    width, height, depth, kind, _, _, interlaced = _HEADER.unpack(chunks[0][1])
    if (depth, kind, interlaced) != (_DEPTH, _RGB, 0):
        return png
    pixels = _pixels(zlib.decompress(b"".join(data for name, data in chunks if name == b"IDAT")), width, height)
    counted = Counter(line[x : x + 3] for line in pixels for x in range(0, len(line), 3))
    colours = [colour for colour, _ in counted.most_common(256)]
    places = {colour: bytes([_place(colour, colours)]) for colour in counted}
    lines = (b"\0" + b"".join([places[line[x : x + 3]] for x in range(0, len(line), 3)]) for line in pixels)
    smaller = b"".join(
        [
            _SIGNATURE,
            _chunk(b"IHDR", _HEADER.pack(width, height, _DEPTH, _PALETTE, 0, 0, 0)),
            _chunk(b"PLTE", b"".join(colours)),
            _chunk(b"IDAT", zlib.compress(b"".join(lines), 9)),
            _chunk(b"IEND", b""),
        ]
    )
    return min(smaller, png, key=len)


def _place(colour: bytes, colours: list[bytes]) -> int:
    """Where the nearest of the colours is."""
    return min(
        range(len(colours)), key=lambda place: sum((a - b) ** 2 for a, b in zip(colour, colours[place], strict=True))
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _pixels(filtered: bytes, width: int, height: int) -> list[bytes]:
    """The rows without their filters (PNG specification, section 9)."""
    size, before, rows = 3 * width, bytes(3 * width), []
    for number in range(height):
        start = number * (size + 1)
        row = bytearray(filtered[start + 1 : start + 1 + size])
        _undo(filtered[start], row, before)
        before = bytes(row)
        rows.append(before)
    return rows


def _undo(kind: int, row: bytearray, above: bytes) -> None:
    for at in range(len(row) if kind else 0):
        left = row[at - 3] if at >= 3 else 0
        corner = above[at - 3] if at >= 3 else 0
        guess = (left, above[at], (left + above[at]) // 2, _nearest(left, above[at], corner))[kind - 1]
        row[at] = (row[at] + guess) & 255


def _nearest(left: int, up: int, corner: int) -> int:
    """Paeth's predictor."""
    away = (abs(up - corner), abs(left - corner), abs(left + up - 2 * corner))
    return (left, up, corner)[away.index(min(away))]
