"""One message: its address inside a campaign, and the packed record that the ledger keeps of it.

A message is addressed by campaign, chunk and place in the chunk. Its recipient (MSISDN and template
values) stays in the chunk, which changes only when a person is to be forgotten; what changes is in the
record, packed in under 64 bytes so that the records of one chunk share one compact Redis hash.
"""

from typing import Final, NewType, Self

from msgspec import Struct

from producer.contract.states import STATES_BY_LETTER, State

CampaignId = NewType("CampaignId", str)
AccountName = NewType("AccountName", str)
Msisdn = NewType("Msisdn", str)
Reference = NewType("Reference", str)
"""What a provider calls a submission: our own client id (smsc) or the provider's id (restv2)."""

FORGOTTEN: Final = Msisdn("0")
"""Stands in a chunk for a recipient who was erased: no number, and like none that is."""

_SEPARATOR: Final = "|"
_SEPARATOR_BYTE: Final = _SEPARATOR.encode()


class MessageId(Struct, frozen=True, kw_only=True, gc=False, order=True):
    """Where a message is: `campaign/chunk.place`, which is also the id of its arq job."""

    campaign: CampaignId
    chunk: int
    place: int

    def __str__(self) -> str:
        return f"{self.campaign}/{self.chunk}.{self.place}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `campaign/chunk.place`; ValueError when `text` is anything else."""
        campaign, slash, address = text.rpartition("/")
        chunk, dot, place = address.partition(".")
        if not (slash and dot and campaign and chunk.isdecimal() and place.isdecimal()):
            raise ValueError(f"not a message id: {text[:80]!r} (expected campaign/chunk.place)")
        return cls(campaign=CampaignId(campaign), chunk=int(chunk), place=int(place))


class MessageRecord(Struct, frozen=True, kw_only=True, gc=False):
    """What the ledger knows of one message.

    `changed_at` and `due_at` are whole unix seconds. `due_at` is the end of the claim's lease while
    in_flight, the time of the next attempt while deferred, the time of the submission while enroute (0: not
    known), otherwise 0. `attempts` counts claims that
    were not released. `reference` is empty until a submission has one. `code` is the reason in short
    form (`smsc.error.7`), empty when there is nothing to explain.
    """

    state: State
    attempts: int = 0
    changed_at: int = 0
    due_at: int = 0
    reference: Reference = Reference("")
    code: str = ""

    def pack(self) -> str:
        """The record as the ledger's scripts read and write it."""
        fields = (self.state.letter, self.attempts, self.changed_at, self.due_at, self.reference, self.code)
        return _SEPARATOR.join(map(str, fields))

    @staticmethod
    def attempts_of(packed: bytes) -> int:
        """The attempts of a packed record, without the rest of it; ValueError when it is none."""
        _, _, rest = packed.partition(_SEPARATOR_BYTE)
        return int(rest.partition(_SEPARATOR_BYTE)[0])

    @classmethod
    def unpack(cls, packed: bytes | str) -> Self:
        """Read a packed record; ValueError when it is none."""
        text = packed.decode() if isinstance(packed, bytes) else packed
        fields = text.split(_SEPARATOR)
        if len(fields) < 6 or fields[0] not in STATES_BY_LETTER:
            raise ValueError(f"not a packed message record: {text[:80]!r}")
        return cls(
            state=STATES_BY_LETTER[fields[0]],
            attempts=int(fields[1]),
            changed_at=int(fields[2]),
            due_at=int(fields[3]),
            reference=Reference(fields[4]),
            code=fields[5],
        )
