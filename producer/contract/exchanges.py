"""The raw exchange of one send as it is kept: what was asked, what came back, when; no number, text or secret in it.

Where a number or a text stood there is a label with the message's place, such as `{number 0.3}`. Whoever may see
the message puts both back from the campaign, for as long as its person is not forgotten.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import orjson

from producer.contract.messages import CampaignId, MessageId, Msisdn

COMMON_TEXT: Final = "{text}"
"""What stands for the text that all messages of the exchange have."""

Pairs = tuple[tuple[str, str], ...]


class Kept(StrEnum):
    """Which of an account's two streams holds an exchange: what failed is not pushed out by what went well."""

    GOOD = "good"  # every message of it was accepted: a sample
    FAILED = "failed"  # everything else: refused, put off, lost, not understood


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """One request that left, or could not, and what became of it.

    `places` are its messages as `chunk.place`, `outcomes` what it gave for each, in their order. `asked_at` is unix
    seconds, `seconds` how long it took. `status` is HTTP's; 0: no answer, and `ending` says why. `size`: bytes of
    the whole answer, of which `answer` is the beginning.
    """

    campaign: CampaignId
    places: tuple[str, ...]
    outcomes: tuple[str, ...]
    asked_at: float
    seconds: float
    path: str
    request: Pairs
    status: int = 0
    answer: str = ""
    size: int = 0
    ending: str = ""

    def pack(self) -> dict[str, bytes]:
        """As the fields of a stream's entry; `of` says whom it is about, as references do."""
        of = f"{self.campaign}|{','.join(self.places)}"
        return {"of": of.encode(), "exchange": orjson.dumps(self)}

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """Read the field `exchange` that `pack` wrote; what a newer worker says besides is left out."""
        told: dict[str, Any] = orjson.loads(data)  # Any: JSON
        known = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        pairs = tuple((str(name), str(value)) for name, value in told["request"])
        rows = {name: tuple(map(str, told[name])) for name in ("places", "outcomes")}
        return cls(**(known | rows | {"request": pairs}))


def place_of(message: MessageId) -> str:
    """A message's place in its campaign."""
    return f"{message.chunk}.{message.place}"


def is_about(of: bytes, message: MessageId) -> bool:
    """Whether the field `of` of an entry names the message."""
    campaign, _, places = of.decode(errors="replace").rpartition("|")
    return campaign == message.campaign and place_of(message) in places.split(",")


def number_label(message: MessageId) -> str:
    """What stands for its number."""
    return f"{{number {place_of(message)}}}"


def text_label(message: MessageId) -> str:
    """What stands for a text that not all messages of the exchange have."""
    return f"{{text {place_of(message)}}}"


def put_back(shown: str, message: MessageId, number: Msisdn, text: str) -> str:
    """`shown` with the number and the text of this one message in place of their labels; empty ones are not put."""
    labels = ((number_label(message), number), (text_label(message), text), (COMMON_TEXT, text))
    for label, value in labels:
        if value and label in shown:
            shown = shown.replace(label, value)
    return shown
