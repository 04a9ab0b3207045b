"""What whoever traces messages is told, and what it must offer; no word of OpenTelemetry."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from producer.contract.messages import AccountName, MessageId
from producer.contract.states import State
from worker.ledger import Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A message that a report moved. Times are unix nanoseconds; `claimed_at` 0: nobody knows any more."""

    message: MessageId
    account: AccountName
    state: State
    code: str
    at: int
    claimed_at: int = 0


class Witness(Protocol):
    """Makes spans. No method waits, none raises: what cannot be traced is lost, never the message."""

    def wants(self, message: MessageId) -> bool:
        """Whether this message is traced."""
        ...

    def submitted(self, writes: Sequence[Write], started_at: int, ended_at: int) -> None:
        """One request was answered (or not): what it gave for each of its messages. Unix nanoseconds."""
        ...

    def reported(self, items: Sequence[Reported]) -> None:
        """Reports moved these messages."""
        ...

    async def close(self, within: float) -> None:
        """Hand over what is still here, for `within` seconds at most."""
        ...
