"""Segments: what a text takes, held to smsutil, to gsm0338's table and to the shortest possible split."""

import gsm0338
import pytest
import smsutil
from hypothesis import example, given
from hypothesis import strategies as st

from producer.segments import BASIC, EXTENSION, Encoding, Segments, is_gsm7, measure

GSM7 = st.text(alphabet=BASIC + EXTENSION, max_size=700)
PAIRS_AND_SINGLES = st.text(alphabet="ab€[", max_size=700)
UCS2 = st.text(alphabet="яΩa😀🎉\u0301", max_size=350)
ANY = st.one_of(GSM7, PAIRS_AND_SINGLES, UCS2, st.text(st.characters(exclude_categories=["Cs"]), max_size=400))

LIMITS = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


def widths(text: str) -> list[int]:
    """How many units each character takes, as the standard says it, the slow way."""
    if all(character in BASIC + EXTENSION for character in text):
        return [2 if character in EXTENSION else 1 for character in text]
    return [2 if ord(character) > 0xFFFF else 1 for character in text]


def fewest(sizes: list[int], limit: int) -> int:
    """The fewest pieces of at most `limit`, over all ways to cut between characters."""
    best = [0] + [len(sizes)] * len(sizes)
    for end in range(1, len(sizes) + 1):
        room, begin = limit, end
        while begin and (room := room - sizes[begin - 1]) >= 0:
            begin -= 1
            best[end] = min(best[end], best[begin] + 1)
    return best[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # documented: 3GPP TS 23.038 6.1.2.1, 6.2.1.1 and TS 23.040 9.2.3.24.1
        ("", (Encoding.GSM7, 0, 1)),
        ("a" * 160, (Encoding.GSM7, 160, 1)),
        ("a" * 161, (Encoding.GSM7, 161, 2)),
        ("a" * 306, (Encoding.GSM7, 306, 2)),
        ("a" * 307, (Encoding.GSM7, 307, 3)),
        ("€" * 80, (Encoding.GSM7, 160, 1)),
        ("a" * 159 + "€", (Encoding.GSM7, 161, 2)),
        ("я" * 70, (Encoding.UCS2, 70, 1)),
        ("я" * 71, (Encoding.UCS2, 71, 2)),
        ("я" * 134, (Encoding.UCS2, 134, 2)),
        ("я" * 135, (Encoding.UCS2, 135, 3)),
        ("😀" * 35, (Encoding.UCS2, 70, 1)),
        # a pair moves whole to the next segment: 153 is odd, so 76 pairs are all that fit
        ("€" * 153, (Encoding.GSM7, 306, 3)),
        ("a" + "€" * 152 + "a", (Encoding.GSM7, 306, 2)),
        ("😀" * 67, (Encoding.UCS2, 134, 3)),
        ("я" + "😀" * 66 + "я", (Encoding.UCS2, 134, 2)),
        # capitals that Greek shares with the table are GSM-7, small letters are not
        ("ΔΦΓΛΩΠΨΣΘΞ", (Encoding.GSM7, 10, 1)),
        ("ΜΑΡΙΑ", (Encoding.UCS2, 5, 1)),
        ("Ελένη", (Encoding.UCS2, 5, 1)),
        ("`", (Encoding.UCS2, 1, 1)),
        ("ç", (Encoding.UCS2, 1, 1)),
        ("\x1b", (Encoding.UCS2, 1, 1)),
    ],
)
def test_the_standard_is_followed_at_its_edges(text: str, expected: tuple[Encoding, int, int]) -> None:
    encoding, units, count = expected
    assert measure(text) == Segments(encoding=encoding, units=units, count=count)


@given(ANY)
def test_the_count_is_the_smallest_that_keeps_every_pair_whole(text: str) -> None:
    measured = measure(text)
    sizes = widths(text)
    single, joined = LIMITS[measured.encoding]
    assert measured.units == sum(sizes)
    assert measured.count == (1 if measured.units <= single else fewest(sizes, joined))


@given(ANY.filter(lambda text: text and "\x1b" not in text))
@example("a" * 152 + "€" * 20)
def test_smsutil_agrees(text: str) -> None:
    """Where smsutil is wrong: an empty text is UCS-2 to it, and the bare escape (0x1B) a character."""
    split = smsutil.split(text)
    measured = measure(text)
    assert (measured.encoding is Encoding.GSM7) == (split.encoding == "gsm0338")
    assert measured.count == len(split.parts)
    assert measured.units == split.total_bytes // (1 if measured.encoding is Encoding.GSM7 else 2)


def test_the_table_is_the_one_of_gsm0338() -> None:
    codec = gsm0338.Codec()
    for point in range(0x10000):
        if 0xD800 <= point < 0xE000 or point == 0x1B:
            continue
        try:
            septets = len(codec.encode(chr(point))[0])
        except UnicodeError:
            septets = 0
        assert septets == (1 if chr(point) in BASIC else 2 if chr(point) in EXTENSION else 0), hex(point)


@given(ANY, ANY)
def test_a_longer_text_never_takes_fewer_segments(text: str, more: str) -> None:
    assert measure(text + more).count >= measure(text).count


@given(ANY)
def test_a_text_is_gsm7_when_it_is_measured_as_such(text: str) -> None:
    assert is_gsm7(text) == (measure(text).encoding is Encoding.GSM7)
