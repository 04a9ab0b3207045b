"""What a provider pushes to us: the request as it came, and what a family reads from it.

Everything here is from outside and hostile until the family says otherwise. `Forged` is what a family says
of a request whose signature does not fit; it is counted and never applied.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from producer.contract.messages import Msisdn, Reference
from worker.providers.reports import Refused, Report
from worker.providers.requests import Answer, Credentials, HttpRequest


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReport:
    """A report that names our own claim beside the provider's number: so it also finds what lost its answer."""

    report: Report
    client_id: Reference


Pushed = Report | TokenReport | Incoming | CallConfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A family's reading of callbacks, and what it wants to be answered. `read` never raises.

    `options` is what the address in the provider's cabinet ends in; None where there is nothing to write there.
    `proofs` are the fields of the address that prove where a push came from: nobody is shown them.
    """

    answer: str
    options: str | None
    read: Callable[[PushRequest, PushKey], Pushed | Forged | Unreadable]
    proofs: frozenset[str] = frozenset()


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


def path_for(account: str, secret: str) -> str:
    """An account's callback path; its unguessable part changes with the secret and shows nothing of it."""
    token = hmac.new(secret.encode(), f"volley callback {account}".encode(), hashlib.sha256).hexdigest()[:32]
    return f"/callbacks/{account}/{token}"


def message_token(client_id: str, secret: str) -> str:
    """What proves that a per-message address was given out by us (PROVIDERS.md B9: there is no signature)."""
    return hmac.new(secret.encode(), f"volley message {client_id}".encode(), hashlib.sha256).hexdigest()[:24]
