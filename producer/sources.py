"""Where recipients are read from: files, streams and standard input, as bounded and decoded lines.

A source that cannot be text (wrong encoding, NUL bytes, endless lines) stops the reading with the line
where that shows, because whatever would be read from there on could not be trusted.
"""

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from os import PathLike
from pathlib import Path
from typing import IO, Any, Final

from producer.unreadable import RecipientsError, SourceError

LONGEST_LINE: Final = 65_536
"""Characters in one line. A recipient's row is a hundred; more than this is no table of recipients."""

_BLOCK: Final = 65_536
_OF_NO_FILE: Final = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape"})
"""Python's names of what it calls encodings of text, and which no file is in; some take ages for long lines."""

TextSource = str | PathLike[str] | IO[str] | IO[bytes]


def opened(source: TextSource) -> AbstractContextManager[IO[Any]]:
    """A path opened here is closed here; a stream stays its owner's. `-` is standard input."""
    if isinstance(source, str | PathLike):
        return nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb")
    return nullcontext(source)


class TextLines:
    """Lines with their ends, from a stream of text or of bytes in `encoding`; a byte order mark is dropped.

    Read in blocks, so that one endless line cannot fill the memory. SourceError names the line.
    """

    def __init__(self, stream: IO[Any], encoding: str = "utf-8") -> None:
        self._stream = stream
        self._decoder = _decoder(encoding)
        self._encoding = encoding
        self._done = 0  # lines handed out

    def __iter__(self) -> Iterator[str]:
        rest = ""
        for block in self._blocks():
            lines = list(io.StringIO(rest + block, newline=""))
            rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
            self._check_lengths([*lines, rest])
            self._done += len(lines)
            yield from lines
        if rest:
            yield rest

    def _blocks(self) -> Iterator[str]:
        """Decoded and checked text. A carriage return at a block's end waits for its line feed."""
        first = True
        while data := self._stream.read(_BLOCK):
            text = self._checked(data if isinstance(data, str) else self._decoded(data))
            yield text.removeprefix("\ufeff") if first else text
            first = False
        if tail := self._decoded(b"", final=True):
            yield tail

    def _decoded(self, data: bytes, *, final: bool = False) -> str:
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            broken: bytes = error.object
            line = self._done + 1 + broken[: error.start].count(b"\n")
            hint = " (it looks like utf-16)" if b"\0" in broken[:64] else ""
            problem = f"byte 0x{broken[error.start]:02x} is not {self._encoding}{hint}"
            raise SourceError(line, f"{problem}; give the encoding the file was saved in") from error
        except UnicodeError as error:  # utf-16 and utf-32 without the mark that tells the order of their bytes
            raise SourceError(self._done + 1, f"it is not {self._encoding}: {error}") from error

    def _checked(self, text: str) -> str:
        """Refuse NUL, and the halves of surrogate pairs that some streams make of undecodable bytes."""
        if (at := text.find("\0")) >= 0:
            raise SourceError(self._line_of(text, at), "a NUL byte; if the file is utf-16, give that encoding")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise SourceError(self._line_of(text, error.start), "text that no encoding can hold") from error
        return text

    def _line_of(self, text: str, at: int) -> int:
        return self._done + 1 + text.count("\n", 0, at)

    def _check_lengths(self, lines: list[str]) -> None:
        if max(map(len, lines)) > LONGEST_LINE:
            long = next(number for number, line in enumerate(lines) if len(line) > LONGEST_LINE)
            raise SourceError(self._done + 1 + long, f"longer than {LONGEST_LINE} characters")


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # LookupError where it is no encoding of texts: zlib, hex, rot13
        decoder = codecs.getincrementaldecoder(name)()
    except (LookupError, ValueError) as error:
        raise RecipientsError(f"unknown encoding {encoding[:80]!r}") from error
    if name in _OF_NO_FILE:
        raise RecipientsError(f"{name} is no encoding that files are saved in")
    return decoder
