"""Reads a send answer in text (fmt=0) and with commas (fmt=1): the receipt, then a line for each number (A3).

The receipt's beginning is documented; how cost, balance and numbers follow was never seen [?], so requests in
these formats do not ask for numbers. What comes all the same is read by the provider's habit.
"""

import re
from typing import Final

from worker.providers.smsc import comma_format, text_format
from worker.providers.smsc.layouts import Layout

_NUMBER: Final = re.compile(r"\+?[0-9]{5,20}")
_MOST_ROWS: Final = 1000  # ours ask for a hundred at most, and in these formats for none

_PHONE: Final = Layout(
    text=("phone", "mccmnc", "cost", "status", "error"),
    columns=(("phone", "mccmnc", "cost", "status", "error"), ("phone", "mccmnc", "cost")),
)


def text(body: str, layout: Layout) -> object | None:
    """The fields of a fmt=0 receipt."""
    head, *rest = body.strip().split("\n")
    if len(rest) > _MOST_ROWS:
        return None
    fields = text_format.read(head if rest else body, layout)
    return _with_phones(fields, [text_format.split(line.strip(), _PHONE) for line in rest if line.strip()])


def commas(body: str, layout: Layout) -> object | None:
    """The fields of a fmt=1 receipt."""
    head, *rest = body.strip().split("\n")
    if len(rest) > _MOST_ROWS:
        return None
    fields = comma_format.read(head, layout)
    return _with_phones(fields, [comma_format.split(line.strip(), _PHONE) for line in rest if line.strip()])


def _with_phones(fields: object, phones: list[dict[str, object]]) -> object | None:
    """None when a line is no number's: half an answer, or another one, is nothing to rely on."""
    if not isinstance(fields, dict) or not phones:
        return fields
    are_numbers = all(_NUMBER.fullmatch(str(row.get("phone", ""))) for row in phones)
    return fields | {"phones": phones} if are_numbers and "error_code" not in fields else None
