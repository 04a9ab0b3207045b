"""Reads fmt=0 answers, free text for people, into the fields that JSON would give.

`Status = 1, check_time = 10.10.2010 10:10:10`: names are known and in a fixed order, values are not quoted.
The one free value (a message's text) ends where the names that follow it begin, looked for from the end.
"""

import re
from typing import Final

from worker.providers.smsc.layouts import LABELS, MOST_LINES, MOST_ROWS, Layout

_ERROR: Final = re.compile(
    r"ERROR = (?P<number>[0-9]{1,6})(?: ?\((?P<text>.*?)\))?(?:, ID - (?P<id>\S{1,40}))?", re.DOTALL
)

Fields = dict[str, object]


def read(body: str, layout: Layout) -> object | None:
    """One object, a list of them, or None when it is no answer of this layout."""
    body = body.strip()
    if not body and layout.may_be_empty:
        return []
    if error := _ERROR.fullmatch(body):
        return {"error": error["text"] or "", "error_code": error["number"]}
    for pattern in layout.whole:
        if found := pattern.fullmatch(body):
            return {name: value for name, value in found.groupdict().items() if value is not None}
    rows = [row for line in lines(body, layout) if (row := split(line, layout))]
    return rows[0] if len(rows) == 1 else rows or None


def lines(body: str, layout: Layout) -> list[str]:
    """Rows. Where a value is free, a row begins with the first name, and other lines belong to the row before.

    None of them where there are more than anybody asks for.
    """
    if body.count("\n") > MOST_LINES:
        return []
    found: list[list[str]] = []  # joined at the end: joining line by line takes days for megabytes of line ends
    for line in body.split("\n"):
        if not layout.free or not found or line.startswith(f"{layout.text[0]} = "):
            found.append([line])
        else:
            found[-1].append(line)
    if len(found) > MOST_ROWS:
        return []
    return [row for parts in found if (row := "\n".join(parts).strip())]


def split(line: str, layout: Layout) -> Fields:
    """The fields of one row by name; empty when none of the names is there."""
    names, free = layout.text, layout.free
    middle = names.index(free) if free in names else len(names)
    limit = _start(line, free) if free in names else len(line)
    if free in names and limit == len(line):
        found = _anywhere(line, names)
    else:
        found = _forwards(line, names[:middle], limit) | _backwards(line, names[middle + 1 :], limit)
    if limit < len(line):
        found[free] = limit
    if not found:
        return {}
    order = sorted(found.items(), key=lambda item: item[1])
    ends = [at for _, at in order[1:]] + [len(line)]
    return {LABELS.get(name, name): _value(line[at:end]) for (name, at), end in zip(order, ends, strict=True)}


def _start(line: str, name: str) -> int:
    """Where `name = ` begins, with the comma before it; the line's end when it does not."""
    at = 0 if line.startswith(f"{name} = ") else line.find(f", {name} =")
    return at if at >= 0 else len(line)


def _anywhere(line: str, names: tuple[str, ...]) -> dict[str, int]:
    """Where each of the names begins. No free value, so none is mistaken; several statuses have another order."""
    found = {name: at for name in names if (at := _start(line, name)) < len(line)}
    return found if 0 in found.values() else {}


def _forwards(line: str, names: tuple[str, ...], limit: int) -> dict[str, int]:
    """Where each of the names before the free one begins; names may be missing, and the first stands first."""
    found: dict[str, int] = {}
    for place, name in enumerate(names):
        at = _start(line[:limit], name)
        if at < limit and at >= max(found.values(), default=0) and (at == 0 or place > 0) and name not in found:
            found[name] = at
    return found


def _backwards(line: str, names: tuple[str, ...], limit: int) -> dict[str, int]:
    """Where each of the names after the free one begins, looked for from the end."""
    found: dict[str, int] = {}
    end = len(line)
    for name in reversed(names):
        at = line.rfind(f", {name} =", limit, end)
        if at >= 0:
            found[name] = end = at
    return found


def _value(part: str) -> str:
    return part.partition(" =")[2].strip()
