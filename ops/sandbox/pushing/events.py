"""What the sandbox tells a client by itself: a message's new status, an incoming message, a confirming call."""

from dataclasses import dataclass
from typing import Final

from ops.sandbox.ledger import Message
from ops.sandbox.scenarios import Ending

HANDED_ON: Final = Ending(status=0, letter="s")  # A4: handed to the operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An accepted message reached a status at `since` (unix seconds)."""

    message: Message
    ending: Ending
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A subscriber's message; also the form in which a confirming call is kept (S4: text `[waitcall] …`)."""

    id: int
    phone: str
    text: str
    to: str
    received: float
    sent: float
    is_call: bool = False


Event = Report | Incoming
