"""Reading `volley.toml` and the environment: checked once, with errors that say what would be right."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from producer.contract.messages import AccountName
from producer.pool import check
from worker.providers.registry import EXPORTS
from worker.settings.accounts import read_account
from worker.settings.records import Exporting, Retention, Sending, Settings, Traces, Tracking
from worker.settings.table import AbsentError, SettingsError, Table

DEFAULT_PATH: Final = "volley.toml"

_MOST_BYTES: Final = 256 * 1024
_MOST_DOTS: Final = 100  # in a line: of a key with so many parts tomllib looks at each part's whole path


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the file that VOLLEY_CONFIG names (default ./volley.toml). SettingsError when anything is wrong."""
    path = Path(environment.get("VOLLEY_CONFIG", DEFAULT_PATH))
    try:
        document = tomllib.loads(_contents(path))
    except OSError as error:
        kind = AbsentError if isinstance(error, FileNotFoundError) else SettingsError
        raise kind(
            f"cannot read {path}: {error.strerror}; write one (README, 'A real account') or name it in VOLLEY_CONFIG"
        ) from error
    except RecursionError as error:
        raise SettingsError(f"{path} is not valid TOML: nested too deep") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, and a number of thousands of digits
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    return parse(document, environment)


def _contents(path: Path) -> str:
    """The text of the file, held to a size and a shape that tomllib reads in no time. ValueError, OSError."""
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"it is longer than {_MOST_BYTES} bytes")
    if any(line.count(b".") > _MOST_DOTS for line in data.split(b"\n")):
        raise ValueError(f"a line has more than {_MOST_DOTS} dots")
    return data.decode()


def parse(document: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:  # Any: TOML values
    """Settings from a parsed document. SettingsError names the first setting that is missing or wrong."""
    table = Table(document, "", environment)
    accounts = table.table("accounts")
    names = accounts.names()
    if not names:
        raise SettingsError("[accounts.NAME] is missing: name at least one account, with its family and base_url")
    settings = Settings(
        redis_url=_redis_url(environment),
        accounts={AccountName(name): read_account(name, accounts.table(name)) for name in names},
        sending=_sending(table.table("sending")),
        tracking=_tracking(table.table("tracking")),
        retention=_retention(table.table("retention")),
        exports=_exports(table.table("exports")),
        traces=_traces(table.table("traces")),
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
    try:
        check(url)
    except ValueError as error:
        raise SettingsError(f"REDIS_URL: {error}") from error
    return url


def _sending(table: Table) -> Sending:
    usual = Sending()
    sending = Sending(
        request_timeout=table.number("request_timeout", usual.request_timeout, least=1, most=120),
        connect_timeout=table.number("connect_timeout", usual.connect_timeout, least=0.1, most=60),
        lease_margin=table.number("lease_margin", usual.lease_margin, least=1, most=600),
        max_attempts=table.whole("max_attempts", usual.max_attempts, least=1, most=50),
        stop_within=table.number("stop_within", usual.stop_within, least=0.1, most=600),
        horizon=table.number("horizon", usual.horizon, least=0.5, most=60),
        doubt_after=table.whole("doubt_after", usual.doubt_after, least=2, most=100_000),
        doubt_pause=table.number("doubt_pause", usual.doubt_pause, least=1, most=300),
    )
    table.done()
    return sending


def _tracking(table: Table) -> Tracking:
    usual = Tracking()
    tracking = Tracking(
        poll_every=table.number("poll_every", usual.poll_every, least=0.1, most=86_400),
        lookup_grace=table.number("lookup_grace", usual.lookup_grace, least=0, most=86_400),
        probe_every=table.number("probe_every", usual.probe_every, least=1, most=86_400),
        give_up_after=table.number("give_up_after", usual.give_up_after, least=1, most=30 * 86_400),
    )
    table.done()
    return tracking


def _retention(table: Table) -> Retention:
    usual = Retention()
    retention = Retention(
        finished_for=table.number("finished_for", usual.finished_for, least=60, most=10 * 365 * 86_400),
        references_for=table.number("references_for", usual.references_for, least=60, most=365 * 86_400),
        journal_length=table.whole("journal_length", usual.journal_length, least=100, most=10_000_000),
        exchanges=table.whole("exchanges", usual.exchanges, least=0, most=100_000),
    )
    table.done()
    return retention


def _exports(table: Table) -> Exporting:
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


def _traces(table: Table) -> Traces:
    traces = Traces(share=table.number("share", Traces().share, least=0, most=1))
    table.done()
    return traces
