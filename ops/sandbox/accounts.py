"""One account while the sandbox runs: its money, its switches, its limits, books and ledger."""

import asyncio
import secrets
from dataclasses import dataclass
from decimal import Decimal
from hashlib import md5
from random import Random
from typing import Final

from ops.sandbox.books import Books
from ops.sandbox.cabinet import Cabinet
from ops.sandbox.config import AccountConfig, Family, Pushing
from ops.sandbox.inbox import Inbox
from ops.sandbox.ledger import Ledger
from ops.sandbox.limits import Limits, Rate
from ops.sandbox.pushing.addresses import read_address
from ops.sandbox.reports import Reports
from ops.sandbox.scenarios import Fault, Scenario

PRICE: Final = {Family.SMSC: 144, Family.RESTV2: 100}  # hundredths per segment: 1.44 money, or one SMS


@dataclass(slots=True, kw_only=True)
class Switches:
    """What the admin address may turn on; `latency` is seconds."""

    no_money: bool = False
    blocked: bool = False
    wrong_credentials: bool = False
    maintenance: bool = False
    latency: float = 0.0


class Account:
    """State of one account. `funds` counts hundredths; raises ConfigError for a callback that makes no sense."""

    def __init__(self, config: AccountConfig, pushing: Pushing, *, any_address: bool = False) -> None:
        self.family = config.family
        self.login = config.login
        self.secrets = _spellings(config)
        self.key = config.key
        self.over_rate = config.over_rate
        self.funds = int(config.balance * 100)
        self.switches = Switches(latency=config.latency)
        self.doors_open = asyncio.Event()  # cleared: requests wait before anything is decided
        self.answers_flow = asyncio.Event()  # cleared: requests are decided, their answers wait
        self.books = Books()
        self.limits = Limits()
        self.rate = Rate(config.rate)
        self.ledger = Ledger()
        self.reports = Reports()
        self.v3 = config.v3
        self.odd_pipes = False
        self.handler = read_address(config.callback, any_address=any_address)
        self.pushing = pushing
        self.dice = Random(f"{pushing.seed}/{config.family}/{config.login}")  # noqa: S311 - repeatable is the point
        self.inbox = Inbox()
        self.cabinet = Cabinet()
        self.retired = False  # set by a reset: nobody is called for it any more
        self._used_up: set[str] = set()
        self._last_reference = 0
        self.release()

    @property
    def name(self) -> str:
        """`family/login`, as the admin address shows it."""
        return f"{self.family}/{self.login}"

    @property
    def balance(self) -> str:
        """Money with its decimals, or a whole number of SMS."""
        return money(self.funds) if self.family is Family.SMSC else str(self.funds // 100)

    def set_balance(self, amount: Decimal) -> None:
        """Put this much money (or this many SMS) into the account."""
        self.funds = int(amount * 100)

    def pay(self, segments: int) -> bool:
        """Take the price of that many segments; False and nothing taken when there is too little."""
        return self.spend(segments * PRICE[self.family])

    def spend(self, hundredths: int) -> bool:
        """Take an amount; False and nothing taken when there is too little."""
        if self.switches.no_money or hundredths > self.funds:
            return False
        self.funds -= hundredths
        return True

    def release(self) -> None:
        """Let every waiting request go on."""
        self.doors_open.set()
        self.answers_flow.set()

    def next_reference(self) -> str:
        """Assign a provider id: smsc counts up from 1, restv2 gives ten digits."""
        self._last_reference += 1
        offset = 0 if self.family is Family.SMSC else 1_000_000_000
        return str(self._last_reference + offset)

    def takes_effect(self, scenario: Scenario, phone: str) -> bool:
        """Whether the scenario still acts on this phone (one that acts once may be used up)."""
        return not scenario.once or phone not in self._used_up

    def use_up(self, phone: str) -> None:
        """Remember that the once-only scenario of this phone has happened."""
        self._used_up.add(phone)

    def renew_key(self) -> None:
        """Replace the key; the old one is worth nothing from now on."""
        self.key = secrets.token_hex(7)

    def fault_for(self, fates: dict[str, Scenario]) -> Fault:
        """Find the first connection-level scenario among the phones that has not happened yet."""
        for phone, fate in fates.items():
            if fate.fault and self.takes_effect(fate, phone):
                return fate.fault
        return Fault.NONE


def _spellings(config: AccountConfig) -> tuple[str, ...]:
    """Give the forms of a secret: smsc takes its lower-case MD5 too (A1; node-smsc sends nothing else)."""
    if config.family is Family.RESTV2:
        return (config.secret,)
    return config.secret, md5(config.secret.encode()).hexdigest()  # noqa: S324 - the provider's choice, not ours


def money(hundredths: int) -> str:
    """Write an amount as the provider does: no trailing zeros, `3.3`, `12`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}".rstrip("0").rstrip(".")
