"""Reads provider XML into the same plain values as JSON gives, safely: bounded size and depth, no DTD, no entities.

Nothing here raises and nothing here knows a provider. The XML that providers send is elements, attributes
and text; whatever else a document may hold (declarations of entities above all) makes it unreadable.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

_LONGEST: Final = 8 * 1024 * 1024
_DEEPEST: Final = 16
_MOST_ELEMENTS: Final = 200_000

Fields = dict[str, object]


@dataclass(slots=True)
class Element:
    """One element: its tag, attributes, own text, children."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Element"] = field(default_factory=list)


class _RefusedError(Exception):
    """The document holds what no provider answer needs."""


def elements(document: str) -> Element | None:
    """The root element of a document, or None when it is no harmless XML.

    A `<!` outside CDATA begins a DTD or a comment: expat tells of the DTD before it reads anything in it, and
    it ends there, so that no entity can be declared, let alone expanded or fetched.
    """
    if len(document) > _LONGEST:
        return None
    reader = _Reader()
    try:
        reader.read(document)
    except (expat.ExpatError, _RefusedError, ValueError):  # ValueError: half a surrogate pair, NUL
        return None
    return reader.root


def value(element: Element, lists: Iterable[str]) -> object:
    """An element as JSON would put it: text, an object of its children and attributes, or a list.

    Elements whose tag is in `lists` hold rows. One with attributes (or rows' children) and text of its own keeps
    the text under its own tag: `<zone api="1">5</zone>` is `{"api": "1", "zone": "5"}`.
    """
    if element.tag in lists:
        return [_row(child, lists) for child in element.children]
    if element.children or element.attributes:
        return _row(element, lists)
    return element.text.strip()


def _row(element: Element, lists: Iterable[str]) -> Fields:
    fields: Fields = dict(element.attributes)
    fields |= {child.tag: value(child, lists) for child in element.children}
    if not element.children:
        fields[element.tag] = element.text.strip()
    return fields


class _Reader:
    """Builds the tree while expat reads; gives up at what is refused."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []  # of the open elements, in pieces
        self._count = 0

    def read(self, document: str) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.ProcessingInstructionHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(_undeclared(document), True)  # noqa: FBT003 - expat's own: this is all of it

    def _refuse(self, *_: object) -> None:
        raise _RefusedError

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise _RefusedError
        element = Element(tag=tag, attributes=attributes)
        if self._open:
            self._open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def _text(self, data: str) -> None:
        if self._texts:
            self._texts[-1].append(data)


def _undeclared(document: str) -> str:
    """The document without its XML declaration: its encoding was undone by the charset that was asked for."""
    document = document.lstrip("\ufeff \t\r\n")
    if document.startswith("<?xml "):
        _, end, rest = document.partition("?>")
        return rest.lstrip() if end else document
    return document
