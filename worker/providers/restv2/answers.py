"""What a restv2 answer says, in whichever of its formats it came: the records between reading and deciding."""

from dataclasses import dataclass

from msgspec import Struct


class Failed(Struct, frozen=True, kw_only=True, gc=False):
    """The provider says no. `number` is None where it gives no error number, as v2 never does (B2).

    `id` is empty, unless the answer contradicts itself by naming a message that it did not send.
    """

    number: int | None
    remarks: str
    id: str = ""


class Unreadable(Struct, frozen=True, kw_only=True, gc=False):
    """There was an answer, and it says nothing we may rely on."""

    code: str
    words: str


class Accepted(Struct, frozen=True, kw_only=True, gc=False):
    """A send answer with status 1, no error, and the provider's id (decimal digits)."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRow:
    """One message in a status/get answer; `status` is the provider's own word, cut to what a code may hold."""

    id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """A status/get answer: its rows, and how many items it held or announced, read or not."""

    rows: tuple[StatusRow, ...]
    announced: int
