"""Reads fmt=1 answers, values separated by commas, into the fields that JSON would give.

Nothing is quoted (A6 [S1]): the one free column keeps its commas, counted from both ends of the row.
"""

import re
from typing import Final

from worker.providers.smsc.layouts import MOST_LINES, MOST_ROWS, Layout

_ERROR: Final = re.compile(r"(?P<id>[A-Za-z0-9._-]{1,40}),-(?P<number>[0-9]{1,6})")

Fields = dict[str, object]


def read(body: str, layout: Layout) -> object | None:
    """One object, a list of them, or None when it is no answer of this layout."""
    body = body.strip()
    if not body and layout.may_be_empty:
        return []
    if error := _ERROR.fullmatch(body):
        return {"error": "", "error_code": error["number"]}
    rows = [row for line in lines(body, layout) if (row := split(line, layout))]
    return rows[0] if len(rows) == 1 else rows or None


def lines(body: str, layout: Layout) -> list[str]:
    """Rows. A text with line ends in it makes a row of several lines: those with too few commas are joined.

    None of them where there are more than anybody asks for.
    """
    if body.count("\n") > MOST_LINES:
        return []
    least = min(map(len, layout.columns), default=1) - 1
    is_last = any(columns[-1] == layout.free for columns in layout.columns)
    found: list[list[str]] = []  # joined at the end: joining line by line takes days for megabytes of line ends
    commas = 0
    for line in body.split("\n"):
        here = line.count(",")
        if found and (here if is_last else commas) < least:
            found[-1].append(line)
            commas += here
        else:
            found.append([line])
            commas = here
    if len(found) > MOST_ROWS:
        return []
    return [row for parts in found if (row := "\n".join(parts).strip())]


def split(line: str, layout: Layout) -> Fields:
    """The fields of one row, by the longest order of columns that fits; empty when none does."""
    commas = line.count(",")
    for columns in layout.columns:
        if len(columns) - 1 == commas or (len(columns) - 1 < commas and layout.free in columns):
            free = columns.index(layout.free) if layout.free in columns else len(columns) - 1
            fields: Fields = dict(zip(columns, _stripped(_around(line, free, len(columns))), strict=True))
            if _fits(fields, has_others=len(layout.columns) > 1):
                return fields
    return {}


def _fits(fields: Fields, *, has_others: bool) -> bool:
    """A text with commas in it looks like an order with more columns; then what stands for the cost is no number,
    or (among empty values) what stands for the country is one: the cost.
    """
    if "message" not in fields:
        return True
    is_cost = re.fullmatch(r"-?[0-9.]*", str(fields.get("cost", ""))) is not None
    return is_cost and not (has_others and re.fullmatch(r"-?[0-9.]+", str(fields.get("country", ""))))


def _around(line: str, free: int, count: int) -> list[str]:
    """`count` values, of which the one at `free` keeps its commas."""
    before = line.split(",", free)
    after = before[-1].rsplit(",", count - free - 1)
    return [*before[:-1], *after]


def _stripped(values: list[str]) -> list[str]:
    return [value.strip() for value in values]
