"""What the smsc family answers about the account itself: tariff, operators, links, templates, numbers, tasks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One row of the tariff."""

    zone: str
    name: str
    api: str
    mass: str
    mms: str
    hlr: str
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The tariff: zones, individual operators as (mccmnc, cost), and the cost of a mail."""

    zones: tuple[Zone, ...]
    codes: tuple[tuple[str, str], ...]
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRow:
    """Whose number it is."""

    phone: str
    country: str
    operator: str
    region: str
    mcc: str
    mnc: str
    tz: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operators:
    """One operator, or with `multiple` a list whose rows name their phone."""

    found: tuple[OperatorRow, ...]
    multiple: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyUrl:
    """A short link and its clicks: all, this month, today, yesterday, last month."""

    id: str
    cnt: int
    cnt_mon: int
    cnt_day: int
    cnt_yes: int
    cnt_pmon: int
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message template."""

    id: int
    name: str
    format: str
    sender: str
    flag: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """All templates."""

    found: tuple[Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateAdded:
    """The id of a new template."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Plain `OK`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A dedicated number for rent."""

    phone: str
    type: int
    cost: str
    current_cost: str
    info: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Dedicated numbers for rent."""

    found: tuple[Number, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rented:
    """What renting a number cost."""

    cost: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNumber:
    """The number to call, and all that may be given."""

    phone: str
    all_phones: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A deferred task; `started` None: not yet. Times are unix seconds."""

    id: int
    name: str
    status: int
    created: int
    started: int | None
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """Deferred tasks, oldest first."""

    found: tuple[TaskRow, ...]
