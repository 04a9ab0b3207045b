"""Personalising a text: `$name` and `${name}` become a recipient's values, `$$` a dollar sign.

The rules are those of Python's `string.Template`, with two additions: a name may be in any script
(`$имя`, `$όνομα`), and a name in braces may contain spaces, as the columns of a spreadsheet do
(`${first name}`). A value is put in as it is: a `$` inside it means nothing.

Raised here, both children of ValueError:

    TemplateError    the text has a `$` that is neither a placeholder nor `$$`; says where
    MissingValue     a recipient has no value of that name
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

_BRACED: Final = re.compile(r"\{([^{}$\r\n]*)\}")
_NAME_CATEGORIES: Final = ("L", "M", "Nd")


class TemplateError(ValueError):
    """A `$` that means nothing. `position` counts characters from 1."""

    def __init__(self, text: str, position: int) -> None:
        self.position = position
        found = text[position - 1 : position + 11].split("\n", 1)[0]
        super().__init__(
            f"character {position}, {found!r}: after a dollar sign comes a name, or a name in braces"
            " (${first name}); to write a dollar sign itself, double it: $$"
        )


class MissingValue(ValueError):  # noqa: N818 - reads as what it is: `except MissingValue`
    """A recipient without a value that the template needs; `name` says which."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no value {name!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed text. `names` are the values it needs, each once, in the order they appear."""

    text: str
    names: tuple[str, ...]
    _places: tuple[str, ...]
    _format: str  # of the % kind: literal text, and %s where a value goes
    _fixed: int  # characters beside the values

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a text once, to be rendered many times; TemplateError when a `$` in it means nothing."""
        literals, places, fixed = [], [], 0
        for literal, name in _pieces(text):
            fixed += len(literal)
            literals.append(literal.replace("%", "%%"))
            if name is not None:
                places.append(name)
                literals.append("%s")
        return cls(
            text=text,
            names=tuple(dict.fromkeys(places)),
            _places=tuple(places),
            _format="".join(literals),
            _fixed=fixed,
        )

    def render(self, values: Mapping[str, str]) -> str:
        """The text with `values` in it; MissingValue when one is not there. Others are not looked at."""
        try:
            return self._format % tuple([values[name] for name in self._places])
        except KeyError as missing:
            raise MissingValue(str(missing.args[0])) from None

    def length(self, values: Mapping[str, str]) -> int:
        """How many characters `render` would give, without making them. Raises as it does."""
        try:
            return self._fixed + sum([len(values[name]) for name in self._places])
        except KeyError as missing:
            raise MissingValue(str(missing.args[0])) from None


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Literal text and the name behind it, in turn; the last name is None."""
    begin = 0
    while (dollar := text.find("$", begin)) >= 0:
        if text.startswith("$$", dollar):
            yield text[begin : dollar + 1], None
            begin = dollar + 2
            continue
        name, end = _name_at(text, dollar + 1)
        if not name:
            raise TemplateError(text, dollar + 1)
        yield text[begin:dollar], name
        begin = end
    yield text[begin:], None


def _name_at(text: str, begin: int) -> tuple[str, int]:
    """The name that begins here and where the text goes on; an empty name when none does."""
    if braced := _BRACED.match(text, begin):
        return braced[1].strip(), braced.end()
    end = begin
    while end < len(text) and _is_of_name(text[end], first=end == begin):
        end += 1
    return text[begin:end], end


def _is_of_name(character: str, *, first: bool) -> bool:
    """A letter or `_`, and after the first also marks (accents, vowel signs) and digits, in any script."""
    categories = _NAME_CATEGORIES[:1] if first else _NAME_CATEGORIES
    return character == "_" or unicodedata.category(character).startswith(categories)
