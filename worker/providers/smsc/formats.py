"""From the bytes of an smsc answer to plain fields, by the format and the charset that were asked for.

The header's charset is not believed: it says windows-1251 whatever was asked (A1 [G-rb]).
"""

from worker.providers import json_values, xml_values
from worker.providers.requests import Answer
from worker.providers.smsc import comma_format, price_formats, receipt_formats, text_format
from worker.providers.smsc.layouts import LISTS, Layout


def value(answer: Answer, layout: Layout) -> object | None:
    """What the body says: an object, a list of objects, or None when it is not of the format asked for."""
    match answer.dialect.format:
        case "0":
            return _words(decoded(answer), layout)
        case "1":
            return _commas(decoded(answer), layout)
        case "2":
            root = xml_values.elements(decoded(answer))
            return None if root is None else _xml(root)
        case _:
            return json_values.parse(_as_utf_8(answer))


def decoded(answer: Answer) -> str:
    """The body as text; what its charset does not know becomes a replacement character."""
    try:
        return answer.body.decode(answer.dialect.charset or "utf-8", errors="replace").lstrip("\ufeff")
    except LookupError:
        return answer.body.decode(errors="replace")


def _words(body: str, layout: Layout) -> object | None:
    match layout.blocks:
        case "price":
            return price_formats.text(body)
        case "receipt":
            return receipt_formats.text(body, layout)
        case _:
            return text_format.read(body, layout)


def _commas(body: str, layout: Layout) -> object | None:
    match layout.blocks:
        case "price":
            return price_formats.commas(body)
        case "receipt":
            return receipt_formats.commas(body, layout)
        case _:
            return comma_format.read(body, layout)


def _as_utf_8(answer: Answer) -> bytes:
    if (answer.dialect.charset or "utf-8") == "utf-8":
        return answer.body
    return decoded(answer).encode(errors="replace")


def _xml(root: xml_values.Element) -> object:
    """`<result>OK</result>` is the one answer without a field of its own (A7 [S3])."""
    if root.tag == "result" and not root.children:
        return {"result": root.text.strip()}
    return xml_values.value(root, LISTS)
