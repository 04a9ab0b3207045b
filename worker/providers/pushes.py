"""What a provider pushes to us: the request as it came, and what a family reads from it.

Everything here is from outside and hostile until the family says otherwise. `Forged` is what a family says
of a request whose signature does not fit; it is counted and never applied.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from producer.contract.messages import Msisdn
from worker.providers.interface import Answer, Credentials, HttpRequest, Refused, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """One callback request: query fields, and the body as bytes with its content type."""

    query: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKey:
    """What a family checks a push with: the account's secret, and the hashes that count as a signature."""

    secret: str = field(repr=False)
    hashes: frozenset[str] = frozenset({"sha1", "md5"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message from a subscriber (MO). `id` is the provider's, empty when it gave none."""

    id: str
    msisdn: Msisdn
    to: str
    text: str = field(repr=False)
    sent: str = ""
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallConfirmed:
    """A subscriber called the number that `wait_call` gave: the MSISDN is confirmed."""

    msisdn: Msisdn
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """The signature is missing or wrong."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Rightly signed (as far as that can be told), and not understood."""

    why: str


Pushed = Report | Incoming | CallConfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A family's reading of callbacks. `read` never raises."""

    read: Callable[[PushRequest, PushKey], Pushed | Forged | Unreadable]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one reading of the inbox held; `cursor` is where to go on from, `more`: ask again at once."""

    items: tuple[Incoming | CallConfirmed, ...]
    cursor: int
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """A family's reading of incoming messages by asking. `build` takes the cursor (0: from the beginning)."""

    build: Callable[[Credentials, int], HttpRequest]
    read: Callable[[Answer, int], Collected | Refused]
