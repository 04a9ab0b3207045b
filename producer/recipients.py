"""Reading recipients, streamed: from CSV, JSON lines, standard input, iterables; refusals with reasons.

Every line or item is accounted for exactly once, as a `Recipient`, a `Refusal` or a blank line. Whole
sources that cannot be read raise, before the first recipient where the header already shows it; the
tree is in `producer.unreadable`. Nothing is held but the current row: only `Seen` grows.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from itertools import chain
from os import PathLike
from typing import Final, cast

from producer.contract.campaigns import Recipient, Refusal
from producer.contract.messages import Msisdn
from producer.msisdn import Normaliser, normalise
from producer.rows import Item, ItemRows, Wanted
from producer.sources import TextLines, TextSource, opened
from producer.tables import Table, read_objects
from producer.unreadable import HeaderError, NumberError, RecipientsError, SourceError, UnknownRegionError

__all__ = [
    "HeaderError",
    "Item",
    "NumberError",
    "RecipientsError",
    "Seen",
    "Source",
    "SourceError",
    "TextSource",
    "UnknownRegionError",
    "normalise",
    "read_recipients",
    "read_recipients_async",
]

Source = TextSource | Iterable[Item]

_MOST_ABOVE: Final = 10_000
"""Blank lines above the first; a stream may have no end of them."""


def read_recipients(
    source: Source,
    *,
    column: str | None = None,
    default_region: str | None = None,
    needed: Sequence[str] = (),
    encoding: str = "utf-8",
    keep_extras: bool = True,
) -> Iterator[Recipient | Refusal]:
    """Recipients and refusals of `source`, in its order, each with its line (or place, from 1).

    `source` is a path (`-` is standard input), an open stream of text or bytes, or an iterable of MSISDNs,
    mappings or Recipients. Text that begins with `{` is JSON lines, any other is CSV with a header.
    `column` names the number's column where its own name does not tell. `needed` are the values that the
    template uses: a table without such a column raises, a row without such a value is refused.
    `keep_extras=False` keeps only these, so that nothing is stored which is not sent.
    Raises RecipientsError (see `producer.unreadable`) and OSError: at once when the source is not there or
    its header does not fit, later where a line shows that the rest cannot be trusted.
    """
    wanted = Wanted(normalise=Normaliser(default_region), column=column, needed=needed, keep_extras=keep_extras)
    if isinstance(source, str | PathLike) or hasattr(source, "read"):
        rows = _read_text(cast("TextSource", source), encoding, wanted)
        return chain([first] if (first := next(rows, None)) else (), rows)
    read = ItemRows(wanted).read
    return (read(place, item) for place, item in enumerate(source, 1))


async def read_recipients_async(
    source: AsyncIterable[Item],
    *,
    column: str | None = None,
    default_region: str | None = None,
    needed: Sequence[str] = (),
    keep_extras: bool = True,
) -> AsyncIterator[Recipient | Refusal]:
    """`read_recipients` for items that arrive asynchronously."""
    wanted = Wanted(normalise=Normaliser(default_region), column=column, needed=needed, keep_extras=keep_extras)
    items, place = ItemRows(wanted), 0
    async for item in source:
        place += 1
        yield items.read(place, item)


class Seen:
    """The MSISDNs of one campaign so far. Some 60 bytes each: the only thing here that grows."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: set[int] = set()

    def add(self, msisdn: Msisdn) -> bool:
        """Whether this MSISDN is new; from now on it is not."""
        before = len(self._numbers)
        self._numbers.add(int(msisdn))
        return len(self._numbers) > before

    def __len__(self) -> int:
        return len(self._numbers)


def _read_text(source: TextSource, encoding: str, wanted: Wanted) -> Iterator[Recipient | Refusal]:
    with opened(source) as stream:
        lines = iter(TextLines(stream, encoding))
        first, blank = _first(lines)
        rest = chain((first,), lines)
        match first.lstrip()[0]:
            case "{":
                yield from read_objects(rest, wanted, above=blank)
            case "[":
                raise HeaderError("a JSON array; expected JSON objects, one a line")
            case _:
                yield from Table(rest, wanted, header=first, above=blank).read()


def _first(lines: Iterator[str]) -> tuple[str, int]:
    """The first line with something on it, and how many blank ones stood above it."""
    for above, line in zip(range(_MOST_ABOVE), lines, strict=False):
        if not line.isspace():
            return line, above
    raise HeaderError("nothing in it; expected a line of column names, or JSON objects one a line")
