"""The demo's recipients: the shipped sample, more of its kind where more are wanted, split into two lists."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from ops.demo_settings import ATHENS, MOSCOW, MOST_IN_MOSCOW, Plan
from ops.samples import HEADER, SHIPPED, Region, write_sample

TEXT: Final = "Hello $name! Your parcel is at the shop in $city. Show this code: $code"

_SHIPPED_ROWS: Final = 2000
_SHIPPED_SERIALS: Final = 984  # rows of the generator that the shipped sample is made of, in each region
_NOT_DIGITS: Final = re.compile(r"\D")


def write_lists(folder: Path, wanted: int) -> Plan:
    """Write `athens.csv` and `moscow.csv`, together `wanted` rows, into `folder`.

    A row of the shipped sample keeps its line: the other list has a blank line there, which readers skip.
    Rows that nobody can send to are in one list only, so that they are refused once.
    """
    shipped = min(wanted, _SHIPPED_ROWS)
    counts = {ATHENS: 0, MOSCOW: 0}
    with (
        _list(folder, ATHENS).open("w", encoding="utf-8") as athens,
        _list(folder, MOSCOW).open("w", encoding="utf-8") as moscow,
    ):
        for stream in (athens, moscow):
            stream.write(",".join(HEADER) + "\n")
        for line in _sample(shipped):
            name = MOSCOW if is_russian(line) else ATHENS
            counts[name] += 1
            moscow.write(line if name == MOSCOW else "\n")
            athens.write(line if name == ATHENS else "\n")
    _write_more(folder, counts, wanted - shipped)
    return Plan(counts=counts)


def is_russian(line: str) -> bool:
    """Whether the number of this row, however it is spelled, begins with +7."""
    return _NOT_DIGITS.sub("", line.partition(",")[0]).removeprefix("00").startswith("7")


def _sample(rows: int) -> Iterator[str]:
    with SHIPPED.open(encoding="utf-8") as stream:
        yield from islice(stream, 1, 1 + rows)


def _write_more(folder: Path, counts: dict[str, int], more: int) -> None:
    """Add generated rows behind those of the sample, half to each list as far as moscow takes them."""
    in_moscow = min(more // 2, MOST_IN_MOSCOW - counts[MOSCOW])
    regions: tuple[tuple[str, Region, int], ...] = ((MOSCOW, "ru", in_moscow), (ATHENS, "gr", more - in_moscow))
    for name, region, rows in regions:
        if rows:
            _append(folder, name, region, rows)
            counts[name] += rows


def _append(folder: Path, name: str, region: Region, rows: int) -> None:
    generated = folder / f"{name}.generated"
    with generated.open("w", encoding="utf-8") as stream:
        write_sample(stream, recipients=_SHIPPED_SERIALS + rows, region=region)
    with generated.open(encoding="utf-8") as source, _list(folder, name).open("a", encoding="utf-8") as target:
        target.writelines(islice(source, 1 + _SHIPPED_SERIALS, None))
    generated.unlink()


def _list(folder: Path, name: str) -> Path:
    return folder / f"{name}.csv"
