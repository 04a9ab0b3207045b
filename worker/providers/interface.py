"""What a provider family supplies: pure functions that build requests and read answers.

A family never opens a socket, reads a clock or touches Redis. It turns values into an `HttpRequest`,
and an `Answer` (status and bytes) into outcomes or reports. What a family cannot do is None in its
`Family` record; nothing else in the worker asks which family it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from producer.contract.messages import Msisdn, Reference
from producer.contract.options import SendOption
from worker.providers.outcomes import Outcome
from worker.providers.reports import Balance, Refused, Report, Reports
from worker.providers.requests import (
    Answer,
    Credentials,
    HttpRequest,
    Outgoing,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """At most `count` requests in any `seconds`; `identical`: counted per fingerprint, else per call."""

    count: int
    seconds: float
    identical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """At most `most` requests at once of all calls whose limit has this `name`."""

    name: str
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A family's limits, each with its source in the family's `limits.py`."""

    most_per_request: int  # messages in one send request
    longest_text: int  # characters
    rate: float  # requests a second, where the account sets none
    in_flight: int  # requests at once, where the account sets none
    most_in_flight: int  # more than this may not be configured
    fence: float  # seconds in which an identical request is refused (0: no such rule)
    retry_in: float  # shortest wait before a second attempt, seconds
    windows: dict[str, tuple[Window, ...]]  # by call
    longest: Mapping[str, int] = field(default_factory=dict)  # bytes of an answer by call, where not `LONGEST_ANSWER`
    at_once: Mapping[str, AtOnce] = field(default_factory=dict)  # by call, where fewer than `most_in_flight`
    is_grouped_by_probe: bool = False  # several messages in one request: only where Family.probe finds it possible


class Sending(Protocol):
    """How a family submits messages."""

    def group(self, messages: Sequence[Outgoing]) -> tuple[tuple[int, ...], ...]:
        """The places of `messages`, each once, in groups that `build` takes as they are or in part: few groups."""

    def build(self, credentials: Credentials, messages: Sequence[Outgoing], client_id: Reference) -> HttpRequest:
        """A request for `messages` (`Rules.most_per_request` at most, MSISDNs different, one sender and options)."""

    def read(
        self, messages: Sequence[Outgoing], client_id: Reference, answer: Answer, *, earlier_attempt: bool
    ) -> tuple[Outcome, ...]:
        """One outcome per message, in their order. `earlier_attempt`: one of them may have reached the
        provider before. Never raises: an answer it does not understand is `Uncertain` for each.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Asking for the state of known submissions, without consuming anything.

    `by_own_id`: our client id is enough, so that an uncertain message can be asked about; else only one that
    was submitted. `after`: seconds for which reports are left to come by themselves before anybody asks. `takes`:
    whether a reference is one that `build` takes; a submission whose answer was lost may have ours alone.
    """

    most: int  # pairs in one request
    build: Callable[[Credentials, Sequence[tuple[Reference, Msisdn]]], HttpRequest]
    read: Callable[[Sequence[tuple[Reference, Msisdn]], Answer], Reports | Refused]
    by_own_id: bool = True
    after: float = 0.0
    is_optional: bool = False  # only some hosts have it: see Family.probe
    takes: Callable[[Reference], bool] = bool


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Reading back what was sent, newest first. `build` takes credentials, first day, last day, cursor."""

    build: Callable[[Credentials, datetime, datetime, str], HttpRequest]
    read: Callable[[Answer], Reports | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Reading back all that was sent to some numbers: the second witness of what a look-up by our id did not find.

    `build` takes credentials, the earliest time, 1 to `most` numbers and a cursor. `read` gives every row of a page
    under its own reference, or refuses where one of them cannot be read: it might be the one that is looked for.
    """

    most: int
    build: Callable[[Credentials, datetime, Sequence[Msisdn], str], HttpRequest]
    read: Callable[[Answer], Reports | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A destructive read: the provider hands each changed status over once."""

    build: Callable[[Credentials], HttpRequest]
    read: Callable[[Answer], Reports | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message as the provider lists it: enough to recognise one whose answer was lost.

    `report` says under which reference, to which MSISDN, and what became of it so far.
    """

    report: Report
    text: str = field(repr=False)
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """Listing what was sent, newest first, to find what is known by no reference. An optional call: see `Probe`.

    `build` takes credentials and an MSISDN ("": all). `most`: an answer of so many rows may not be all.
    """

    most: int
    build: Callable[[Credentials, Msisdn], HttpRequest]
    read: Callable[[Answer], Sequence[Sent] | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceCall:
    """How much is left; also the probe that tells whether a blocked account is usable again."""

    build: Callable[[Credentials], HttpRequest]
    read: Callable[[Answer], Balance | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCall:
    """Fetching the API key with user name and password (restv2 key/get)."""

    build: Callable[[Credentials], HttpRequest]
    read: Callable[[Answer], str | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a call, by the provider's own name.

    `kind` turns what a person wrote into the value that `Call.build` takes as `argument` (empty: the same
    name); its ValueError says what is expected.
    """

    name: str
    meaning: str
    kind: Callable[[str], object] = str
    required: bool = False
    needs_yes: bool = False  # giving it spends money or changes the account
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One provider call that a person may make: the source of the command line and of the README.

    `build` takes credentials and the parameters as keywords, and raises ValueError for what the provider
    would refuse anyway. `read` gives one record (a dataclass of plain values) per row; it never raises.
    `complete` adds to the records what their answer leaves out and the request says.
    """

    name: str
    meaning: str
    build: Callable[..., HttpRequest]
    read: Callable[[Answer], Sequence[object] | Refused]
    parameters: tuple[Parameter, ...] = ()
    needs_yes: bool = False  # it spends money or changes the account
    is_optional: bool = False  # only some hosts have it: see Family.probe
    is_drain: bool = False  # reading consumes: only by the account's one reader, journal first
    complete: Callable[[Sequence[object], HttpRequest], Sequence[object]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Finding out, once, whether a host has the optional calls. `read` gives None when the answer does not tell."""

    build: Callable[[Credentials], HttpRequest]
    read: Callable[[Answer], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family, as the registry lists it. None: the family has no such call.

    `formats` and `charsets` are what a dialect may ask for, the default first; `format_word` is the
    provider's name for the format.
    """

    name: str
    rules: Rules
    own_reference: bool  # True: the client id we send is the reference; False: the provider assigns one
    sending: Sending
    balance: BalanceCall
    lookup: Lookup | None = None
    history: History | None = None
    recall: Recall | None = None
    matching: Matching | None = None  # only where no lookup is by our own id
    drain: Drain | None = None
    key: KeyCall | None = None
    calls: Mapping[str, Call] = field(default_factory=dict)
    formats: tuple[str, ...] = ("",)
    format_word: str = ""
    charsets: tuple[str, ...] = ("utf-8",)
    probe: Probe | None = None  # for calls that `is_optional`
    has_rest: bool = False  # campaigns may be sent as JSON bodies to rest/send/
    send_options: tuple[SendOption, ...] = ()  # what an account, a campaign or a message may ask for besides
