"""What one submission gave, one outcome for each of its messages."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from producer.contract.messages import Reference


class Submitted(Struct, frozen=True, kw_only=True, gc=False):
    """The provider took it. `reference` is never empty."""

    reference: Reference
    cost: Decimal | None = None

    def __post_init__(self) -> None:
        if not self.reference:
            raise ValueError("a submission without a reference is uncertain, not submitted")


class Rejected(Struct, frozen=True, kw_only=True, gc=False):
    """The provider will never take this message. `code` is `family.table.number`."""

    code: str
    words: str


class Deferred(Struct, frozen=True, kw_only=True, gc=False):
    """Nothing was sent; it may be tried again in `retry_in` seconds (None: the retry policy decides)."""

    code: str
    words: str
    retry_in: float | None = None
    congested: bool = False  # the provider said: too fast


class Block(StrEnum):
    """Why an account cannot send at all."""

    MONEY = "money"
    CREDENTIALS = "credentials"
    ADDRESS = "address"  # our IP address is blocked for a while
    UNREACHABLE = "unreachable"  # no connection: said by the exchange, never by a family
    DOUBTFUL = "doubtful"  # requests leave only doubt: found by `doubting`, never said by a family


class RouteBlocked(Struct, frozen=True, kw_only=True, gc=False):
    """Nothing was sent, and nothing will be by this account until `block` is lifted."""

    code: str
    words: str
    block: Block


class Uncertain(Struct, frozen=True, kw_only=True, gc=False):
    """Sent perhaps: the answer was lost, cannot be understood, or hints at our own earlier success."""

    code: str
    words: str


Outcome = Submitted | Rejected | Deferred | RouteBlocked | Uncertain
