"""Accounts as they are now: whether they may send and why not, their throttle, balance and totals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from ops.readings.fields import Fields, clock, counts, moment, number, text
from ops.readings.reasons import explain
from producer.contract import keys
from producer.contract.client import Client
from producer.contract.recovery import Stored, effective_rate
from producer.directory import AccountEntry, accounts

_AS_GOOD_AS_FULL: Final = 0.97
"""Of the ceiling: the workers keep a share of it in reserve."""


class AccountState(StrEnum):
    """Whether an account may send; every other state than `open` is why it may not."""

    OPEN = "open"
    PAUSED = "paused"
    MONEY = "money"
    CREDENTIALS = "credentials"
    ADDRESS = "address"
    UNREACHABLE = "unreachable"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """The rate and slots of a provider login, over all workers. Rates are requests a second.

    `ceiling` and `slots_limit` are what holds: as configured, or as an operator (`set_by`) set them at `set_at`.
    `why` is the code for which the rate was lowered last, empty while it is at the ceiling. `next_in` is
    seconds until the next request may leave.
    """

    ceiling: float
    effective: float
    slots_held: int
    slots_limit: int
    why: str = ""
    why_words: str = ""
    slowed_at: datetime | None = None
    next_in: float = 0.0
    set_rate: float | None = None
    set_slots: int | None = None
    set_by: str = ""
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReading:
    """One announced account. `state` is Redis' word: an AccountState, or one that we do not know yet.

    `words` is the provider's own explanation of `code`, `until` when the account is tried again. `totals`
    counts since ever: `requests`, `request_ms`, `congested` and the outcomes.
    """

    entry: AccountEntry
    throttle: Throttle
    state: str = AccountState.OPEN
    code: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None
    balance: float | None = None
    currency: str = ""
    balance_at: datetime | None = None
    report_at: datetime | None = None
    totals: Mapping[str, int] = field(default_factory=dict)
    uncertain: int = 0
    paused_by: str = ""

    @property
    def name(self) -> str:
        """The account's name."""
        return self.entry.name

    @property
    def counts_sms(self) -> bool:
        """Whether its balance is a number of SMS: only money has a currency."""
        return self.balance is not None and not self.currency

    @property
    def is_open(self) -> bool:
        """Whether it may send."""
        return self.state == AccountState.OPEN


async def read_accounts(redis: Client) -> tuple[AccountReading, ...]:
    """All announced accounts by name, in two round trips."""
    entries = list((await accounts(redis)).values())
    async with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        for entry in entries:
            pipe.hgetall(keys.account(entry.name))
            pipe.hgetall(keys.totals(entry.name))
            pipe.hgetall(keys.words(entry.name))
            pipe.hgetall(keys.throttle(entry.login))
            pipe.hgetall(keys.slots(entry.login))
            pipe.zcard(keys.uncertain(entry.name))
            pipe.hgetall(keys.limits(entry.login))
        now, *answers = await pipe.execute()
    readings = []
    for index, entry in enumerate(entries):
        state, totals, words, rate, slots, uncertain, limits = answers[index * 7 : index * 7 + 7]
        throttle = throttle_of(entry, clock(now), rate, slots, words, limits)
        reading = AccountReading(entry=entry, throttle=throttle, totals=counts(totals), uncertain=uncertain)
        readings.append(_with_book(reading, state, words))
    return tuple(readings)


def _with_book(reading: AccountReading, state: Fields, words: Fields) -> AccountReading:
    """The reading with what the account's own hash says."""
    known = replace(
        reading,
        state=text(state, "state", AccountState.OPEN),
        balance=number(state, "balance"),
        currency=text(state, "currency"),
        balance_at=moment(state, "balance_at"),
        report_at=moment(state, "report_at"),
    )
    if known.is_open:
        return known
    code = text(state, "code")
    return replace(
        known,
        code=code,
        words=text(state, "words") or explain(code, words),
        since=moment(state, "since"),
        until=moment(state, "until"),
        paused_by=text(state, "paused_by"),
    )


def throttle_of(
    entry: AccountEntry, now: datetime, rate: Fields, slots: Fields, words: Fields, limits: Fields
) -> Throttle:
    """The throttle at `now`, from its hashes; before the first request, and where no operator was, they are empty."""
    set_rate, set_slots = number(limits, "rate"), number(limits, "slots")
    ceiling = entry.rate if set_rate is None else set_rate
    effective = effective_rate(ceiling, _stored(rate), now.timestamp(), limit=set_rate)
    shares = [share for share in map(_share, slots.values()) if share[1] >= now.timestamp()]
    slowed_at = number(rate, "slowed_at")
    is_slowed = effective < ceiling * _AS_GOOD_AS_FULL
    why = text(rate, "why") if is_slowed else ""
    return Throttle(
        ceiling=ceiling,
        effective=effective,
        slots_held=sum(held for held, _ in shares),
        slots_limit=entry.in_flight if set_slots is None else min(entry.in_flight, int(set_slots)),
        why=why,
        why_words=explain(why, words),
        slowed_at=datetime.fromtimestamp(slowed_at / 1000, UTC) if is_slowed and slowed_at else None,
        next_in=max(0.0, (number(rate, "next") or 0.0) / 1000 - now.timestamp()),
        set_rate=set_rate,
        set_slots=None if set_slots is None else int(set_slots),
        set_by=text(limits, "by"),
        set_at=moment(limits, "at"),
    )


def _stored(rate: Fields) -> Stored:
    at, slowed_at = number(rate, "rate_at"), number(rate, "slowed_at")
    return Stored(
        rate=number(rate, "rate"),
        at=None if at is None else at / 1000,
        set=number(rate, "set"),
        slowed_at=None if slowed_at is None else slowed_at / 1000,
    )


def _share(packed: bytes) -> tuple[int, float]:
    """Slots that a worker holds, and the unix time until which: the throttle packs 'held wanted until (ms) …'."""
    held, _, until, *_ = packed.split(b" ")
    return int(held), int(until) / 1000
