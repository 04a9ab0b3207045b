"""Pictures of screens made smaller: few colours stay what they are, whatever filters the file came with."""

import struct
import zlib
from random import Random

import pytest

from ops.shrinking import shrunk

SIZE = (64, 48)


def png(rows: list[bytes], *, filters: str, kind: int = 2) -> bytes:
    """A PNG of RGB rows, each with the next of the filters, as an encoder writes them."""
    lines, above = b"", bytes(len(rows[0]))
    for number, row in enumerate(rows):
        filtered = int(filters[number % len(filters)])
        lines += bytes([filtered]) + bytes(
            (value - guess(filtered, row, above, at)) & 255 for at, value in enumerate(row)
        )
        above = row
    header = struct.pack(">IIBBBBB", *SIZE, 8, kind, 0, 0, 0)
    body = zlib.compress(lines, 1)
    chunks = ((b"IHDR", header), (b"IDAT", body[:50]), (b"IDAT", body[50:]), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def guess(kind: int, row: bytes, above: bytes, at: int) -> int:
    """PNG specification, section 9.2."""
    a, b, c = (row[at - 3] if at >= 3 else 0), above[at], (above[at - 3] if at >= 3 else 0)
    away = sorted((abs(a + b - c - value), place) for place, value in enumerate((a, b, c)))
    return (0, a, b, (a + b) // 2, (a, b, c)[away[0][1]])[kind]


def seen(file: bytes) -> list[bytes]:
    """The RGB rows of a palette PNG without filters; the check sums must be right."""
    at, found = 8, {}
    while at < len(file):
        size = int.from_bytes(file[at : at + 4])
        name, data = file[at + 4 : at + 8], file[at + 8 : at + 8 + size]
        assert int.from_bytes(file[at + 8 + size : at + 12 + size]) == zlib.crc32(name + data)
        found[name], at = data, at + 12 + size
    assert found[b"IHDR"] == struct.pack(">IIBBBBB", *SIZE, 8, 3, 0, 0, 0)
    raw, width = zlib.decompress(found[b"IDAT"]), SIZE[0] + 1
    palette = [found[b"PLTE"][place : place + 3] for place in range(0, len(found[b"PLTE"]), 3)]
    assert set(raw[::width]) == {0}
    lines = [raw[start + 1 : start + width] for start in range(0, len(raw), width)]
    return [b"".join(palette[place] for place in line) for line in lines]


def drawn(colours: int) -> list[bytes]:
    """Rows of so many colours at most, in no order: filters are of no use to them."""
    chance = Random(7)
    made = [bytes([place % 256, place * 7 % 256, place // 256]) for place in range(colours)]
    return [b"".join(chance.choice(made) for _ in range(SIZE[0])) for _ in range(SIZE[1])]


@pytest.mark.parametrize("filters", ["0", "1", "2", "3", "4", "01234"])
def test_a_picture_of_few_colours_is_the_same_picture(filters: str) -> None:
    rows = drawn(200)
    assert seen(shrunk(png(rows, filters=filters))) == rows


def test_rare_colours_become_the_nearest_common_one() -> None:
    rows = drawn(1000)
    kept = seen(shrunk(png(rows, filters="0")))
    assert len({row[x : x + 3] for row in kept for x in range(0, len(row), 3)}) == 256
    worst = max(
        abs(a - b) for before, after in zip(rows, kept, strict=True) for a, b in zip(before, after, strict=True)
    )
    assert worst < 64


def test_what_is_no_rgb_is_left_as_it_is() -> None:
    given = png(drawn(10), filters="0", kind=0)
    assert shrunk(given) is given
