"""What the sandbox is started with: its accounts, its timing and how strictly it reads the rules."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final


class Family(StrEnum):
    """The two HTTP dialects."""

    SMSC = "smsc"
    RESTV2 = "restv2"


class OverRate(StrEnum):
    """What happens to a send request above the account's rate: refused, or only counted."""

    REFUSE = "refuse"
    COUNT = "count"


class ConfigError(ValueError):
    """The sandbox cannot start like this; the message names the setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushing:
    """How callbacks are made. `twice` and `shuffled` are shares of the messages; durations are seconds.

    `method` is that of a restv2 message's own address (B9 accepts both); an account's handler always gets POST.
    """

    twice: float = 0.0
    shuffled: float = 0.0
    delay: float = 0.0
    attempts: int = 3
    retry_after: float = 1.0
    seed: int = 0
    method: str = "GET"

    def __post_init__(self) -> None:
        if not 0 <= self.twice <= 1 or not 0 <= self.shuffled <= 1:
            raise ConfigError("callback_twice and callback_shuffled are shares from 0 to 1")
        if not 0 <= self.delay <= 86400 or not 0 <= self.retry_after <= 86400 or not 1 <= self.attempts <= 1000:
            raise ConfigError("callback_delay and callback_retry_after are 0..86400 s, callback_attempts 1..1000")
        if self.method not in {"GET", "POST"}:
            raise ConfigError("callback_method is GET or POST")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfig:
    """One account at the gateway.

    `balance` is money for `smsc` and a whole number of SMS for `restv2`. `rate` is the most send requests in
    any one second (0: no limit). `latency` is seconds between deciding and answering. `callback` is the
    account's handler in SMSC's own syntax (A11); `v3` opens the calls of restv2's version 3.
    """

    family: Family
    login: str
    secret: str = field(repr=False)
    key: str = field(default="", repr=False)
    balance: Decimal = Decimal(10_000_000)
    rate: int = 0
    over_rate: OverRate = OverRate.REFUSE
    latency: float = 0.0
    callback: str = ""
    v3: bool = False

    def __post_init__(self) -> None:
        if not self.login or not self.secret:
            raise ConfigError("an account needs login and secret")
        if not self.balance.is_finite() or not 0 <= self.balance <= Decimal(10**15):
            raise ConfigError(f"account {self.login}: balance must be 0..10^15")
        if not 0 <= self.rate <= 1_000_000 or not 0 <= self.latency <= 3600:
            raise ConfigError(f"account {self.login}: rate must be 0..1000000, latency 0..3600")


DEMO_ACCOUNTS: Final = (
    AccountConfig(family=Family.SMSC, login="demo", secret="demo-secret", key="demo-api-key"),  # noqa: S106 - public demo
    AccountConfig(family=Family.RESTV2, login="demo", secret="demo-secret", key="demo-key"),  # noqa: S106 - public demo
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Everything the sandbox can be told at start. Durations are seconds.

    `id_counts`: two send requests that differ only in the client `id` are *not* identical (default: they are).
    `drain_batch`: most reports in one `status/get` answer. `scenarios=False` turns the magic numbers off.
    `call_after`: seconds until a subscriber makes the call that wait_call.php waits for (0: only when told).
    `callback_senders`: most callbacks at once. `any_address`: callbacks may leave this machine.
    """

    accounts: tuple[AccountConfig, ...] = DEMO_ACCOUNTS
    enroute_after: float = 0.5
    final_after: float = 2.0
    slow_for: float = 3.0
    id_counts: bool = False
    drain_batch: int = 1000
    scenarios: bool = True
    most_bytes: int = 4 * 1024 * 1024
    pushing: Pushing = Pushing()
    callback_senders: int = 8
    call_after: float = 0.0
    any_address: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.enroute_after <= self.final_after:
            raise ConfigError("enroute_after must be between 0 and final_after")
        if not 1 <= self.callback_senders <= 100 or self.call_after < 0:
            raise ConfigError("callback_senders must be 1..100, call_after >= 0")
        if self.slow_for < 0 or self.drain_batch < 1 or self.most_bytes < 1024:
            raise ConfigError("slow_for must be >= 0, drain_batch >= 1, most_bytes >= 1024")
        names = [(account.family, account.login) for account in self.accounts]
        keys = [(account.family, account.key) for account in self.accounts if account.key]
        if len(set(names)) < len(names) or len(set(keys)) < len(keys):
            raise ConfigError("two accounts of one family share a login or a key")


_ACCOUNT_SETTINGS: Final = ("login", "secret", "key", "balance", "rate", "over_rate", "latency", "callback", "v3")


def accounts_from(row: dict[str, object]) -> tuple[AccountConfig, ...]:
    """Read one account row (of the JSON file, or of an option); without `family` it is one account in each."""
    unknown = set(row) - {"family", *_ACCOUNT_SETTINGS}
    if unknown:
        raise ConfigError(f"unknown account setting: {', '.join(sorted(unknown))}")
    try:
        families = (Family(str(row["family"])),) if "family" in row else tuple(Family)
        return tuple(_account(family, row) for family in families)
    except ConfigError:
        raise
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise ConfigError(f"account {row.get('login', '')}: {error}") from error


def _account(family: Family, row: dict[str, object]) -> AccountConfig:
    return AccountConfig(
        family=family,
        login=str(row.get("login", "")),
        secret=str(row.get("secret", "")),
        key=str(row.get("key", "")),
        balance=Decimal(str(row.get("balance", 10_000_000))),
        rate=int(str(row.get("rate", 0))),
        over_rate=OverRate(str(row.get("over_rate", OverRate.REFUSE))),
        latency=float(str(row.get("latency", 0.0))),
        callback=str(row.get("callback", "")),
        v3=_truth(row.get("v3", False)),
    )


def _truth(value: object) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise ConfigError("v3 is true or false")
    return text == "true"
