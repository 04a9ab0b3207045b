"""Masking what must never stand in a log: secrets, texts, full numbers, and what would forge a line. Pure.

It is the last net, not the rule: whoever writes a log line still names no text and no number.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from producer.msisdn import masked

HIDDEN: Final = "•••"

_LONGEST: Final = 2000
_LONGEST_TRACE: Final = 20_000
_LONGEST_NAME: Final = 100
_TRACES: Final = frozenset({"exception", "stack"})
_DEEPEST: Final = 4
_MOST: Final = 50
_LEAST_SECRET: Final = 4

_SECRET: Final = re.compile(
    r"passw|passphrase|\bpsw\b|secret|token|api_?key|\bkey\b|authori[sz]ation|credential|cookie|signature|\bpin\b|\botp\b",
    re.IGNORECASE,
)
"""Names of fields that hold a secret."""

_TEXT: Final = frozenset(
    {"text", "texts", "mes", "msg", "body", "raw", "template", "values", "recipients", "content"}
)
"""Names of fields that hold what is said to somebody, or the person it is said to."""

_IDS: Final = frozenset({"campaign", "message", "worker", "timestamp", "event", "level"})
"""Fields that are ids of ours or words of ours: only whole numbers in one piece are masked in them."""

_AMOUNTS: Final = frozenset({"bytes", "size", "count", "messages", "seconds"})
"""Fields that are amounts, however large."""

_SMALL: Final = 1e8
_ENTRY: Final = re.compile(r"\d{13}-\d{1,6}")  # the id of a stream's entry: ms and a counter

_LOGIN: Final = re.compile(r"(?<=://)[^/\s@]*@")
_PAIR: Final = re.compile(
    r"(?i)\b(psw|password|passwd|secret|token|api_?key|key|authorization|signature|login)(=|%3d|[\"']?\s*:\s*[\"']?)"
    r"(?!\s)[^\s&\"',;}]+"
)
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9+/=._~-]{6,}")
_CALLBACK: Final = re.compile(r"(/callbacks/[^/\s]+/)[^\s?\"']+")
_NUMBER: Final = re.compile(r"\d{9,}")
_SPACED: Final = re.compile(
    r"(?<!\d)(?!\d{4}-\d\d-\d\d\b)(?!20\d{6}-\d{6}\b)\+?\(?\d(?:[ ()\u00a0\u2010-\u2015-]{0,2}\d){8,14}(?!\d)"
)
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


class Mask:
    """Masks the fields of log lines. `learn` tells it secrets by their value: they are hidden wherever they stand."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Hide these values from now on, too; shorter ones than 4 characters cannot be told from words."""
        known = {*self._secrets, *(secret for secret in secrets if len(secret) >= _LEAST_SECRET)}
        self._secrets = tuple(sorted(known, key=len, reverse=True))

    def fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:  # Any: whatever somebody logs
        """A log line's fields as they may be seen."""
        return {self._name(name): self._field(str(name), value, 0) for name, value in fields.items()}

    def text(self, text: str, *, longest: int = _LONGEST, is_id: bool = False, lines: bool = False) -> str:
        """Words without secrets and full numbers, at most `longest` characters.

        All on one line; with `lines` the further ones are kept and indented.
        """
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = _BEARER.sub(rf"\1 {HIDDEN}", _LOGIN.sub(f"{HIDDEN}@", text[: longest * 2]))
        text = _CALLBACK.sub(rf"\1{HIDDEN}", _PAIR.sub(rf"\1\2{HIDDEN}", text))
        text = _NUMBER.sub(lambda found: masked(found[0]), text)
        if not is_id:
            text = _SPACED.sub(lambda found: masked("".join(filter(str.isdigit, found[0]))), text)
        text = "\n  ".join(map(_printable, text.split("\n"))) if lines else _printable(text)
        return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"

    def _name(self, name: object) -> str:
        return self.text(str(name), longest=_LONGEST_NAME, is_id=True)

    def _field(self, name: str, value: Any, depth: int) -> Any:  # Any: whatever somebody logs
        match value:
            case None | bool():
                return value
            case _ if is_private(name):
                return HIDDEN
            case int() | float():
                return value if abs(value) < _SMALL or name in _AMOUNTS else self.text(str(value))
            case bytes() | bytearray() | memoryview():
                return f"<{len(value)} bytes>"
            case Mapping() | list() | tuple() | set() | frozenset():
                return self._several(name, value, depth + 1)
            case _:
                return self._words(name, str(value))

    def _several(self, name: str, value: Any, depth: int) -> Any:  # Any: whatever somebody logs
        if depth > _DEEPEST:
            return f"<{type(value).__name__}>"
        if isinstance(value, Mapping):
            return {self._name(key): self._field(str(key), each, depth) for key, each in _some(value.items())}
        return [self._field(name, each, depth) for each in _some(value)]

    def _words(self, name: str, words: str) -> str:
        if name == "entry" and _ENTRY.fullmatch(words):
            return words
        is_trace = name in _TRACES
        longest = _LONGEST_TRACE if is_trace else _LONGEST
        return self.text(words, longest=longest, is_id=name in _IDS, lines=is_trace)


def is_private(name: str) -> bool:
    """Whether a field of this name holds a secret or a text."""
    words = name.replace("-", "_")
    return words.lower() in _TEXT or bool(_SECRET.search(words) or _SECRET.search(words.replace("_", " ")))


def _some(values: Iterable[Any]) -> list[Any]:  # Any: whatever somebody logs
    return [value for value, _ in zip(values, range(_MOST), strict=False)]


def _printable(text: str) -> str:
    """Nothing that ends a line, moves a cursor or turns the writing round."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)
