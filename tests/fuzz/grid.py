"""Repetitions: what stands before, what comes again and again, what ends it. Every reading in a time in the length.

A pattern whose parts can take the same letters, or lines that are joined one by one, take a time in the square of
the length, and days for an answer of 8 MB. Fuzzing seldom finds that, because its inputs are short.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.fuzz.bounds import seconds_of
from tests.fuzz.from_providers import readings
from worker.providers.registry import FAMILIES
from worker.providers.requests import Answer, Dialect

LENGTH: Final = 4096
SLOWEST: Final = 0.15
"""CPU seconds for one reading of an answer of `LENGTH` bytes; most take a hundredth of it. The square took 0.3."""

BEFORE: Final = (
    *(b"", b"x", b"1|x", b"|1\n", b'{"a":"', b'{"phones":[', b"<response>", b"<result>", b"ERROR = 1 ("),
    *(b"id = 1, message = ", b"1,2,3,4,5,6,7,8,9\n"),
)
AGAIN: Final = (
    *(
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b",",
        b"|",
        b"1|\n",
        b"1 | d |\n",
        b"a\n",
        b'"',
        b"&amp;",
        b"x<a/>",
        b"<![CDATA[x]]>",
    ),
    *(
        b", message =",
        b"status = 1\n",
        b"ERROR = ",
        b")",
        b"-",
        b".",
        b"\xff",
        b"\xd1\x8f",
        b"\n\x0b",
        b"1,2\n",
        b"0",
    ),
    *(b"[", b"[],", b"{},", b"ID - ", b", ID - c", b"\\", b'\\"', b"id = 1, ", b"\x00", b"<a>", b"+", b"3,"),
)
_BEHIND: Final = (b"", b"x", b"|x", b"0]", b'"}', b"</response>", b"</result>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One repetition, as an answer of a family in a format."""

    family: str
    form: str
    parts: tuple[bytes, bytes, bytes]

    def slowest(self) -> float:
        """CPU seconds of the reading function that takes longest."""
        before, again, behind = self.parts
        data = before + again * (LENGTH // len(again)) + behind
        answer = Answer(status=200, body=data, dialect=Dialect(format=self.form))
        return max(seconds_of(lambda read=read: read(answer)) for read in readings(self.family))


def grid() -> Iterator[Body]:
    """All of them."""
    formats = ((name, form) for name in FAMILIES for form in FAMILIES[name].formats)
    for (family, form), *parts in itertools.product(formats, BEFORE, AGAIN, _BEHIND):
        yield Body(family=family, form=form, parts=tuple(parts))


def main() -> int:
    """Try all; how many there are, and 1 when one of them is too slow."""
    bodies = list(grid())
    slow = [body for body in bodies if body.slowest() > SLOWEST and body.slowest() > SLOWEST]
    for body in slow:
        sys.stdout.write(f"too slow: {body}\n")
    sys.stdout.write(f"stat::number_of_executed_units: {len(bodies)}\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
