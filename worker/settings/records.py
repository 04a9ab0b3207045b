"""What a worker is told, as frozen records. Times are seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from producer.contract.messages import AccountName
from worker.providers.interface import Family
from worker.providers.pushes import PushKey
from worker.providers.requests import Credentials

STOP_WORDS: Final = frozenset({"stop", "стоп", "στοπ"})
NO_PUSHES: Final = PushKey(secret="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an account may do: requests a second, requests at once, messages in one request."""

    rate: float
    in_flight: int
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One set of credentials at one provider, with its limits."""

    name: AccountName
    family: Family
    credentials: Credentials
    limits: Limits
    sender: str = ""
    default_region: str = ""
    push_key: PushKey = NO_PUSHES
    incoming: bool = False
    stop_words: frozenset[str] = STOP_WORDS
    exports: bool = False
    export_columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How the senders work. All times are seconds."""

    request_timeout: float = 20.0
    connect_timeout: float = 5.0
    lease_margin: float = 10.0
    max_attempts: int = 5
    stop_within: float = 25.0
    horizon: float = 3.0
    doubt_after: int = 20
    doubt_pause: float = 10.0

    @property
    def lease(self) -> int:
        """How long a claim (and the slot of a worker that died) is held: the longest request and a margin."""
        return math.ceil(self.request_timeout + self.lease_margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """How reports are fetched. All times are seconds."""

    poll_every: float = 60.0
    lookup_grace: float = 90.0
    give_up_after: float = 72 * 3600.0
    probe_every: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long things are kept. Seconds, and entries."""

    finished_for: float = 30 * 86_400.0
    references_for: float = 7 * 86_400.0
    journal_length: int = 100_000
    exchanges: int = 1000  # of sends that went well, and as many of the others; 0: none


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """How deferred exports are fetched. Times are seconds. No `folder`: they are not."""

    folder: Path | None = None
    poll_every: float = 25.0
    download_timeout: float = 3600.0
    most_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Which share of the messages is traced by OpenTelemetry, 0 to 1."""

    share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a worker is told. Secrets are only in `Account.credentials`, which hides them from `repr`."""

    redis_url: str = field(repr=False)
    accounts: Mapping[AccountName, Account]
    sending: Sending = Sending()
    tracking: Tracking = Tracking()
    retention: Retention = Retention()
    exports: Exporting = Exporting()
    traces: Traces = Traces()
