"""How the smsc family's answers are written: one pure function per format (`fmt`), and the charset around it."""

from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape

import orjson

from ops.sandbox.smsc import layouts
from ops.sandbox.smsc.answers import (
    ERRORS,
    Answer,
    Deleted,
    Done,
    Price,
    Priced,
    Refusal,
    Taken,
    TemplateAdded,
)
from ops.sandbox.smsc.fields import Row, Tabular, reference_of, table_of
from ops.sandbox.smsc.pricing import price_in_commas, price_in_json, price_in_words, price_in_xml
from ops.sandbox.smsc.receipts import receipt_in_commas, receipt_in_json, receipt_in_words, receipt_in_xml


def as_text(answer: Answer) -> str:
    """Write an answer with fmt=0: words."""
    match answer:
        case Refusal():
            own = f", ID - {answer.reference}" if answer.reference else ""
            return f"ERROR = {answer.code} ({answer.text or ERRORS[answer.code]}){own}"
        case Taken() | Priced():
            return receipt_in_words(answer)
        case Done() | Deleted():
            return "OK"
        case TemplateAdded():
            return f"ID - {answer.id}"
        case Price():
            return price_in_words(answer)
        case _:
            return _table_in_words(answer)


def as_commas(answer: Answer) -> str:
    """Write an answer with fmt=1: values, separated by commas and not escaped (A6)."""
    match answer:
        case Refusal():
            return f"{answer.reference or 0},-{answer.code}"
        case Taken() | Priced():
            return receipt_in_commas(answer)
        case Done() | Deleted():
            return "OK"
        case TemplateAdded():
            return str(answer.id)
        case Price():
            return price_in_commas(answer)
        case _:
            return _table_in_commas(answer)


def as_xml(answer: Answer) -> str:
    """Write an answer with fmt=2: XML, without a declaration (the documents show none)."""
    match answer:
        case Refusal():
            row: Row = {"error": answer.text or ERRORS[answer.code], "error_code": answer.code}
            return element("result", row | ({"id": answer.reference} if answer.reference else {}))
        case Taken() | Priced():
            return receipt_in_xml(answer)
        case Done() | Deleted():
            return "<result>OK</result>"
        case TemplateAdded():
            return element("template", {"id": answer.id})
        case Price():
            return price_in_xml(answer)
        case _:
            return _table_in_xml(answer)


def as_json(answer: Answer) -> Any:  # Any: a JSON object or list
    """Give an answer the JSON shape of fmt=3."""
    match answer:
        case Refusal():
            row: Row = {"error": answer.text or ERRORS[answer.code], "error_code": answer.code}
            return row | ({"id": reference_of(answer.reference)} if answer.reference else {})
        case Taken() | Priced():
            return receipt_in_json(answer)
        case Done() | Deleted():
            return {"result": "OK"}
        case TemplateAdded():
            return {"id": answer.id}
        case Price():
            return price_in_json(answer)
        case _:
            rows, _, is_list = table_of(answer)
            return rows if is_list else rows[0]


RENDERERS: Final[dict[str, Callable[[Answer], str]]] = {
    "0": as_text,
    "1": as_commas,
    "2": as_xml,
    "3": lambda answer: orjson.dumps(as_json(answer)).decode(),
}


def render(answer: Answer, fmt: str, codec: str) -> bytes:
    """Write an answer in a format ("0" to "3") and a codec; what the codec lacks becomes `?`, in XML `&#…;`."""
    if fmt == "3" and codec == "utf-8":
        return orjson.dumps(as_json(answer))
    return RENDERERS[fmt](answer).encode(codec, "xmlcharrefreplace" if fmt == "2" else "replace")


def element(tag: str, row: Row) -> str:
    """Write one XML element with a child per field."""
    inside = "".join(f"<{name}>{escape(str(value))}</{name}>\n" for name, value in row.items())
    return f"<{tag}>\n{inside}</{tag}>"


def _table_in_words(answer: Tabular) -> str:
    rows, layout, _ = table_of(answer)
    return "\n".join(", ".join(_worded(row, layout)) for row in rows)


def _worded(row: Row, layout: layouts.Layout) -> list[str]:
    return [f"{label} = {row[name]}" if label else str(row[name]) for label, name in layout.words if name in row]


def _table_in_commas(answer: Tabular) -> str:
    rows, layout, _ = table_of(answer)
    return "\n".join(_comma_row(row, layout) for row in rows)


def _comma_row(row: Row, layout: layouts.Layout) -> str:
    """Keep places: what is missing in the middle is empty (`err`: 0), at the end it is left out."""
    names = list(layout.commas)
    while names and names[-1] not in row:
        names.pop()
    return ",".join(str(row.get(name, 0 if name == "err" else "")) for name in names)


def _table_in_xml(answer: Tabular) -> str:
    rows, layout, is_list = table_of(answer)
    inside = "\n".join(element(layout.row, row) for row in rows)
    return f"<{layout.outer}>\n{inside}\n</{layout.outer}>" if is_list else inside
