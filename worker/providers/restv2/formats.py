"""From the bytes of a restv2 answer to the fields that JSON would give: types `json`, `xml` and `v2` (B1, B7)."""

import re
from collections.abc import Callable
from typing import Final

from worker.providers import json_values, xml_values
from worker.providers.requests import Answer

Fields = dict[str, object]

_ROW: Final = "sms"
_LONGEST_LINE: Final = 400
_MOST_ROWS: Final = 400_000  # as many as JSON may have

# matched line by line, and no two parts of it can take the same character: so it takes a time in the body's length
_WHOLE_ROW: Final = re.compile(r"\W*(?P<id>[0-9]{1,20})\s*\|\s*(?P<word>[A-Za-z0-9]{1,16})\s*(?:\|\s*)?")


def value(answer: Answer, plain: Callable[[str], Fields | None]) -> Fields | None:
    """What the body says, `plain` reading the bare text of `v2`; None when it is not of the type asked for."""
    match answer.dialect.format:
        case "v2":
            return _plain(answer.body.decode(errors="replace").lstrip("\ufeff").strip(), plain)
        case "xml":
            root = xml_values.elements(answer.body.decode(errors="replace"))
            return None if root is None or root.tag != "response" else _fields(root)
        case _:
            return json_values.members(json_values.parse(answer.body))


def nothing(_: str) -> Fields | None:
    """No plain text is a success."""
    return None


def an_id(body: str) -> Fields | None:
    """`1234567890` (B4 [S0]). The error numbers of B2 have two or three digits: so short a number is no success."""
    return {"status": "1", "id": body} if re.fullmatch(r"[0-9]{4,20}", body) and int(body) else None


def a_number(body: str) -> Fields | None:
    """`1234`, a number of SMS (B6 [S2]); 0 is none left, though a failure may look the same."""
    return {"status": "1", "balance": body} if re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?", body) else None


def a_key(body: str) -> Fields | None:
    """`6fe2dd9c06df83` (B3 [S0]): one word. What failing looks like is not documented; `0` and `Error…` refuse."""
    return {"status": "1", "key": body} if re.fullmatch(r"(?!(?i:error))[0-9A-Za-z_-]{4,256}", body) else None


def statuses(body: str) -> Fields | None:
    """`id | status |` pairs, with any spacing, line ends and trailing pipes (B7 [S2]); none at all is no report."""
    if body.count("|") > 2 * _MOST_ROWS:
        return None
    parts = [part for line in body.splitlines() for part in map(str.strip, line.split("|")) if part]
    if parts and "|" not in body:
        return None
    pairs = list(zip(parts[::2], parts[1::2], strict=False))
    if len(parts) % 2 or not all(re.fullmatch(r"[0-9]{1,20}", own) and len(word) <= 16 for own, word in pairs):
        return _whole_rows(body)
    return _numbered(pairs)


def _whole_rows(body: str) -> Fields | None:
    """Line by line, when a piece is missing somewhere: every reading consumed them, so save what is whole."""
    found = map(_WHOLE_ROW.fullmatch, body.splitlines())
    pairs = [(row["id"], row["word"]) for row in found if row]
    return _numbered(pairs) if pairs else None


def _numbered(pairs: list[tuple[str, str]]) -> Fields:
    rows: Fields = {str(place): {"id": own, "status": word} for place, (own, word) in enumerate(pairs)}
    return rows | {"status": "1", "total": str(len(pairs))}


def _plain(body: str, plain: Callable[[str], Fields | None]) -> Fields | None:
    return plain(body) or _refusal(body)


def _refusal(body: str) -> Fields | None:
    """`0` (B4 [S0]), or a remark: of those the beginnings are known (B2, B7 [G-pysc])."""
    said = " ".join(body[:_LONGEST_LINE].split())
    if said == "0" or re.match(r"(?i)error\b", said):
        return {"status": "0", "remarks": said.removeprefix("0")}
    if said.lower().startswith("info:"):
        return {"status": "1", "total": "0", "remarks": said}
    return None


def _fields(root: xml_values.Element) -> Fields:
    """`<response>`: its `<sms>` elements become the numbered members of JSON (B7 [S2])."""
    rows = [child for child in root.children if child.tag == _ROW]
    fields: Fields = {child.tag: xml_values.value(child, ()) for child in root.children if child.tag != _ROW}
    return fields | {str(place): xml_values.value(row, ()) for place, row in enumerate(rows)}
