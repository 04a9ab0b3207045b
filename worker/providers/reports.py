"""What a provider says later: reports, refusals, a balance."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from producer.contract.messages import Msisdn, Reference
from producer.contract.states import Event
from worker.providers.outcomes import Block


class Report(Struct, frozen=True, kw_only=True, gc=False):
    """A statement about one message. `msisdn` is empty where the reference alone identifies it.

    `event` is one of the REPORT_* events, or None for a provider status that says nothing new (or that
    we do not know: then `code` keeps it raw). `changed_at` is the provider's own time, when it gives one.
    """

    reference: Reference
    event: Event | None
    code: str
    words: str
    msisdn: Msisdn = Msisdn("")
    changed_at: datetime | None = None
    cursor: str = ""  # history only: what to page on from (smsc `int_id`)


class NotFound(Struct, frozen=True, kw_only=True, gc=False):
    """The provider knows no message under this reference (and MSISDN)."""

    reference: Reference
    msisdn: Msisdn = Msisdn("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call other than send was answered with an error; nothing can be read from it.

    `is_understood` False: the provider did not say no, its answer says nothing we may rely on.
    """

    code: str
    words: str
    block: Block | None = None
    congested: bool = False
    is_understood: bool = True

    @property
    def sentence(self) -> str:
        """What happened, for people."""
        return f"the provider refuses: {self.words}" if self.is_understood else f"no usable answer: {self.words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What one status, history or drain answer held. `more`: ask again, there is more to read."""

    items: tuple[Report | NotFound, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left: money (`currency` set) or a number of SMS (`currency` empty)."""

    amount: Decimal
    currency: str = ""
