"""Settings: `volley.toml` and the environment, checked once, frozen, with errors that say what would be right."""

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from producer.contract.campaigns import checked_name
from producer.contract.messages import AccountName
from worker.providers.exports import ROLES
from worker.providers.interface import Credentials, Dialect, Family
from worker.providers.pushes import PushKey, path_for
from worker.providers.registry import EXPORTS, FAMILIES

DEFAULT_PATH: Final = "volley.toml"
STOP_WORDS: Final = frozenset({"stop", "стоп", "στοπ"})
HASHES: Final = frozenset({"md5", "sha1", "crc32"})
NO_PUSHES: Final = PushKey(secret="")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")  # the alphabet is smsc's (PROVIDERS.md A11)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SettingsError(ValueError):
    """A setting is missing or wrong; the message names it and says what would be right."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporting:
    """How deferred exports are fetched. Times are seconds. No `folder`: they are not."""

    folder: Path | None = None
    poll_every: float = 25.0
    download_timeout: float = 3600.0
    most_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a worker is told. Secrets are only in `Account.credentials`, which hides them from `repr`."""

    redis_url: str = field(repr=False)
    accounts: Mapping[AccountName, Account]
    sending: Sending = Sending()
    tracking: Tracking = Tracking()
    retention: Retention = Retention()
    exports: Exporting = Exporting()


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file that VOLLEY_CONFIG names (default ./volley.toml). SettingsError when anything is wrong."""
    path = Path(environment.get("VOLLEY_CONFIG", DEFAULT_PATH))
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"cannot read {path}: {error.strerror}; write one (README, 'A real account') or name it in VOLLEY_CONFIG"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    return parse(document, environment)


def parse(document: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:  # Any: TOML values
    """Settings from a parsed document. SettingsError names the first setting that is missing or wrong."""
    table = _Table(document, "", environment)
    accounts = table.table("accounts")
    names = accounts.names()
    if not names:
        raise SettingsError("[accounts.NAME] is missing: name at least one account, with its family and base_url")
    settings = Settings(
        redis_url=_redis_url(environment),
        accounts={AccountName(name): _account(name, accounts.table(name)) for name in names},
        sending=_sending(table.table("sending")),
        tracking=_tracking(table.table("tracking")),
        retention=_retention(table.table("retention")),
        exports=_exports(table.table("exports")),
    )
    table.done()
    accounts.done()
    _check_exports(settings)
    return settings


def _check_exports(settings: Settings) -> None:
    for name, account in settings.accounts.items():
        if account.exports and account.family.name not in EXPORTS:
            raise SettingsError(f"accounts.{name}.exports: the family {account.family.name} has none")
        if account.exports and settings.exports.folder is None:
            raise SettingsError(f"accounts.{name}.exports needs [exports] folder, where the files are kept")


def _redis_url(environment: Mapping[str, str]) -> str:
    url = environment.get("REDIS_URL", "")
    if not url:
        raise SettingsError(
            "REDIS_URL is not set: start workers with 'volley worker …', which finds or starts a Redis, "
            "or set it, for example redis://localhost:6379/0"
        )
    if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
        raise SettingsError("REDIS_URL must begin with redis://, rediss:// or unix://")
    return url


def _account(name: str, table: "_Table") -> Account:
    try:
        checked_name(name, f"[accounts.{name}]: the name")
    except ValueError as error:
        raise SettingsError(str(error)) from error
    family = FAMILIES.get(table.text("family"))
    if family is None:
        raise SettingsError(f"{table.path}.family must be one of {', '.join(sorted(FAMILIES))}")
    account = Account(
        name=AccountName(name),
        family=family,
        credentials=_called_back(replace(_credentials(table), dialect=_dialect(table, family)), name, table),
        limits=_limits(table.table("limits"), family),
        sender=table.text("sender", ""),
        default_region=table.text("default_region", "").upper(),
        push_key=_push_key(table),
        incoming=table.flag("incoming"),
        stop_words=frozenset(word.casefold() for word in table.texts("stop_words", sorted(STOP_WORDS))),
        exports=table.flag("exports"),
        export_columns=_export_columns(table.table("export_columns")),
    )
    table.done()
    return account


def _credentials(table: "_Table") -> Credentials:
    base_url = table.text("base_url").rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{table.path}.base_url must be an address such as https://smscentre.com")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not table.flag("allow_http"):
        raise SettingsError(
            f"{table.path}.base_url sends credentials in the clear over http: use https, or set allow_http = true"
        )
    table.ignore("allow_http")
    key = table.text("api_key", "") or table.text("key", "")
    table.ignore("key")
    login, password = table.text("login", ""), table.text("password", "")
    if not key and not (login and password):
        raise SettingsError(f"{table.path} needs either key (or api_key), or login and password")
    return Credentials(base_url=base_url, login=login, password=password, key=key)


def _called_back(credentials: Credentials, name: str, table: "_Table") -> Credentials:
    """With our own public address, for families whose messages each name where their report is to go."""
    base, secret = table.text("callback_base", "").rstrip("/"), _push_key(table).secret
    if not base:
        return credentials
    if urlsplit(base).scheme not in {"http", "https"} or not secret:
        raise SettingsError(
            f"{table.path}.callback_base must be our public address such as https://sms.example.com,"
            " and it needs callback_secret beside it"
        )
    return replace(credentials, callback=base + path_for(name, secret), callback_secret=secret)


def _push_key(table: "_Table") -> PushKey:
    secret = table.text("callback_secret", "")
    if secret and not _SECRET.fullmatch(secret):
        raise SettingsError(
            f"{table.path}.callback_secret must be 16 to 64 Latin letters, digits, minus signs and underscores"
        )
    hashes = frozenset(table.texts("callback_hashes", ["md5", "sha1"]))
    if not hashes or not hashes <= HASHES:
        raise SettingsError(f"{table.path}.callback_hashes must be one or more of {', '.join(sorted(HASHES))}")
    return PushKey(secret=secret, hashes=hashes)


def _export_columns(table: "_Table") -> dict[str, str]:
    """The header word of each role that is named; the family's own words serve the others."""
    columns = {role: word for role in ROLES if (word := table.text(role, ""))}
    table.done()
    return columns


def _dialect(table: "_Table", family: Family) -> Dialect:
    """How the account asks and is answered, in the provider's own words; JSON and utf-8 unless told otherwise."""
    word = family.format_word
    form = table.text(word, "") if word else ""
    charset = table.text("charset", "") if len(family.charsets) > 1 else ""
    for name, value, known in ((word, form, family.formats), ("charset", charset, family.charsets)):
        if value and value not in known:
            raise SettingsError(f"{table.path}.{name} must be one of {', '.join(known)}")
    rest = table.flag("rest") if family.has_rest else False
    v3 = table.flag("v3") if family.probe is not None else False
    return Dialect(format=form, charset=charset, rest=rest, v3=v3, extra=_extra(table.table("send"), family))


def _extra(table: "_Table", family: Family) -> tuple[tuple[str, str], ...]:
    """What every send request of the account carries besides: `send = { translit = "1" }`."""
    known = {option.name: option for option in family.send_options}
    extra = []
    for name in table.names():
        value = table.text(name)
        if name not in known:
            raise SettingsError(f"{table.path}: unknown parameter {name!r} (known: {', '.join(known) or 'none'})")
        try:
            known[name].kind(value)
        except ValueError as error:
            raise SettingsError(f"{table.path}.{name} must be {error}") from None
        extra.append((name, value))
    return tuple(extra)


def _limits(table: "_Table", family: Family) -> Limits:
    rules = family.rules
    limits = Limits(
        rate=table.number("rate", rules.rate, least=0.01, most=100_000),
        in_flight=table.whole("in_flight", rules.in_flight, least=1, most=rules.most_in_flight),
        batch=table.whole("batch", rules.most_per_request, least=1, most=rules.most_per_request),
    )
    table.done()
    return limits


def _sending(table: "_Table") -> Sending:
    usual = Sending()
    sending = Sending(
        request_timeout=table.number("request_timeout", usual.request_timeout, least=1, most=120),
        connect_timeout=table.number("connect_timeout", usual.connect_timeout, least=0.1, most=60),
        lease_margin=table.number("lease_margin", usual.lease_margin, least=1, most=600),
        max_attempts=table.whole("max_attempts", usual.max_attempts, least=1, most=50),
        stop_within=table.number("stop_within", usual.stop_within, least=0.1, most=600),
        horizon=table.number("horizon", usual.horizon, least=0.5, most=60),
    )
    table.done()
    return sending


def _tracking(table: "_Table") -> Tracking:
    usual = Tracking()
    tracking = Tracking(
        poll_every=table.number("poll_every", usual.poll_every, least=0.1, most=86_400),
        lookup_grace=table.number("lookup_grace", usual.lookup_grace, least=0, most=86_400),
        probe_every=table.number("probe_every", usual.probe_every, least=1, most=86_400),
        give_up_after=table.number("give_up_after", usual.give_up_after, least=1, most=30 * 86_400),
    )
    table.done()
    return tracking


def _retention(table: "_Table") -> Retention:
    usual = Retention()
    retention = Retention(
        finished_for=table.number("finished_for", usual.finished_for, least=60, most=10 * 365 * 86_400),
        references_for=table.number("references_for", usual.references_for, least=3600, most=365 * 86_400),
        journal_length=table.whole("journal_length", usual.journal_length, least=100, most=10_000_000),
    )
    table.done()
    return retention


def _exports(table: "_Table") -> Exporting:
    usual = Exporting()
    folder = table.text("folder", "")
    exports = Exporting(
        folder=Path(folder).absolute() if folder else None,
        poll_every=table.number("poll_every", usual.poll_every, least=25, most=3600),
        download_timeout=table.number("download_timeout", usual.download_timeout, least=10, most=86_400),
        most_bytes=table.whole("most_bytes", usual.most_bytes, least=1024, most=1024**4),
    )
    table.done()
    return exports


class _Table:
    """One TOML table being read: every access is checked, and what was never asked for is an error."""

    def __init__(self, values: Any, path: str, environment: Mapping[str, str]) -> None:  # Any: TOML
        if not isinstance(values, Mapping):
            raise SettingsError(f"{path} must be a table ([{path}])")
        self._values = values
        self._environment = environment
        self._asked: set[str] = set()
        self.path = path

    def names(self) -> list[str]:
        return list(self._values)

    def table(self, name: str) -> "_Table":
        return _Table(self._get(name, {}), f"{self.path}.{name}".lstrip("."), self._environment)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._get(name, default)
        if value is None:
            raise SettingsError(f"{self.path}.{name} is missing")
        if not isinstance(value, str):
            raise SettingsError(f"{self.path}.{name} must be a text in quotes")
        if value.startswith("env:"):
            return self._secret(name, value.removeprefix("env:"))
        return value

    def texts(self, name: str, default: list[str]) -> list[str]:
        value = self._get(name, default)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise SettingsError(f'{self.path}.{name} must be a list of texts, for example ["STOP"]')
        return value

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise SettingsError(f"{self.path}.{name} must be a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self._get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise SettingsError(f"{self.path}.{name} must be a whole number from {least} to {most}")
        return value

    def flag(self, name: str) -> bool:
        value = self._get(name, False)  # noqa: FBT003 - the default is the value
        if not isinstance(value, bool):
            raise SettingsError(f"{self.path}.{name} must be true or false")
        return value

    def ignore(self, name: str) -> None:
        self._asked.add(name)

    def done(self) -> None:
        unknown = sorted(set(self._values) - self._asked)
        if unknown:
            known = ", ".join(sorted(self._asked))
            raise SettingsError(f"{self.path or 'top level'}: unknown setting {unknown[0]!r} (known: {known})")

    def _get(self, name: str, default: Any) -> Any:  # Any: TOML values
        self._asked.add(name)
        return self._values.get(name, default)

    def _secret(self, name: str, variable: str) -> str:
        value = self._environment.get(variable, "")
        if not value:
            raise SettingsError(
                f"{self.path}.{name} is taken from the environment variable {variable}, which is not set (or empty)"
            )
        return value
