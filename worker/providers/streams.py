"""An answer that is too long to be held: taken piece by piece, and gone on with where it broke off."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")
_STRONG: Final = re.compile(r'"[!#-~]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Ask for the bytes from `start` on, if the answer is still the one that `validator` names."""

    start: int
    validator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known before the first byte. `start`: the place of that byte in the whole.

    `validator` is not empty when the server has shown that it can go on with this very answer later: it
    says that it takes ranges, and names the answer by a strong entity tag. `is_measured`: its end can be
    told from a connection that broke.
    """

    status: int
    start: int = 0
    validator: str = ""
    is_measured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """The whole answer went to the sink, or as much as it wanted. `bytes`: of this answer alone."""

    head: Head
    bytes: int


class Sink(Protocol):
    """What takes an answer. It must not raise OSError, which would look like the network's."""

    def begin(self, head: Head) -> None:
        """Called once, before the first piece."""

    async def take(self, piece: bytes) -> bool:
        """The next piece; False when no more is wanted."""


def head_of(status: int, headers: Mapping[str, str]) -> Head:
    """The head of an answer with these header fields (a mapping that does not mind their case)."""
    is_plain = headers.get("Content-Encoding", "identity").strip().lower() == "identity"
    ranged = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    tag = headers.get("ETag", "").strip()
    can_go_on = is_plain and _STRONG.fullmatch(tag) and (ranged or headers.get("Accept-Ranges", "") == "bytes")
    return Head(
        status=status,
        start=int(ranged[1]) if ranged and status == 206 else 0,
        validator=tag if can_go_on else "",
        is_measured="Content-Length" in headers or headers.get("Transfer-Encoding", "").lower() == "chunked",
    )


def range_fields(resume: Resume | None) -> dict[str, str]:
    """The header fields of a request whose answer is streamed: as it is on the server, from where it broke off."""
    plain = {"Accept-Encoding": "identity"}
    return plain if resume is None else plain | {"Range": f"bytes={resume.start}-", "If-Range": resume.validator}
