"""Reading one account: who it is at its provider, how it speaks, what it may do, how it is called back."""

import re
from dataclasses import replace
from typing import Final
from urllib.parse import SplitResult, urlsplit

from producer.contract.campaigns import checked_name
from producer.contract.messages import AccountName
from worker.providers.addresses import checked_base_url
from worker.providers.exports import ROLES
from worker.providers.interface import Family
from worker.providers.pushes import PushKey, path_for
from worker.providers.registry import FAMILIES
from worker.providers.requests import Credentials, Dialect
from worker.settings.records import STOP_WORDS, Account, Limits
from worker.settings.table import SettingsError, Table

HASHES: Final = frozenset({"md5", "sha1", "crc32"})
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")  # the alphabet is smsc's (PROVIDERS.md A11)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def read_account(name: str, table: Table) -> Account:
    """One `[accounts.NAME]` table as an account; SettingsError names what is missing or wrong."""
    try:
        checked_name(name, f"[accounts.{name}]: the name")
    except ValueError as error:
        raise SettingsError(str(error)) from error
    family = FAMILIES.get(table.text("family"))
    if family is None:
        raise SettingsError(f"{table.path}.family must be one of {', '.join(sorted(FAMILIES))}")
    v3 = table.flag("v3") if family.probe is not None else False
    account = Account(
        name=AccountName(name),
        family=family,
        credentials=_called_back(replace(_credentials(table), dialect=_dialect(table, family)), name, table),
        limits=_limits(table.table("limits"), family, v3=v3, called_back=bool(table.text("callback_base", ""))),
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


def _credentials(table: Table) -> Credentials:
    base_url = table.text("base_url").rstrip("/")
    parts = _parts(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(f"{table.path}.base_url must be an address such as https://smscentre.com")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK and not table.flag("allow_http"):
        raise SettingsError(
            f"{table.path}.base_url sends credentials in the clear over http: use https, or set allow_http = true"
        )
    table.ignore("allow_http")
    try:
        checked_base_url(base_url)
    except ValueError as error:
        raise SettingsError(f"{table.path}: {error}") from error
    key = table.text("api_key", "") or table.text("key", "")
    table.ignore("key")
    login, password = table.text("login", ""), table.text("password", "")
    if not key and not (login and password):
        raise SettingsError(f"{table.path} needs either key (or api_key), or login and password")
    return Credentials(base_url=base_url, login=login, password=password, key=key)


def _parts(address: str) -> SplitResult:
    """The parts of an address; of what is none (a bracket that is left open) they are empty."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _called_back(credentials: Credentials, name: str, table: Table) -> Credentials:
    """With our own public address, for families whose messages each name where their report is to go."""
    base, secret = table.text("callback_base", "").rstrip("/"), _push_key(table).secret
    if not base:
        return credentials
    if _parts(base).scheme not in {"http", "https"} or not secret:
        raise SettingsError(
            f"{table.path}.callback_base must be our public address such as https://sms.example.com,"
            " and it needs callback_secret beside it"
        )
    return replace(credentials, callback=base + path_for(name, secret), callback_secret=secret)


def _push_key(table: Table) -> PushKey:
    secret = table.text("callback_secret", "")
    if secret and not _SECRET.fullmatch(secret):
        raise SettingsError(
            f"{table.path}.callback_secret must be 16 to 64 Latin letters, digits, minus signs and underscores"
        )
    hashes = frozenset(table.texts("callback_hashes", ["md5", "sha1"]))
    if not hashes or not hashes <= HASHES:
        raise SettingsError(f"{table.path}.callback_hashes must be one or more of {', '.join(sorted(HASHES))}")
    return PushKey(secret=secret, hashes=hashes)


def _export_columns(table: Table) -> dict[str, str]:
    """The header word of each role that is named; the family's own words serve the others."""
    columns = {role: word for role in ROLES if (word := table.text(role, ""))}
    table.done()
    return columns


def _dialect(table: Table, family: Family) -> Dialect:
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


def _extra(table: Table, family: Family) -> tuple[tuple[str, str], ...]:
    """What every send request of the account carries besides: `send = { translit = "1" }`."""
    known = {option.name: option for option in family.send_options if not option.single}
    extra = []
    for name in table.names():
        value = table.text(name)
        if name not in known:
            raise SettingsError(f"{table.path}: unknown parameter {name!r} (known: {', '.join(known) or 'none'})")
        try:
            known[name].checked(value)
        except ValueError as error:
            raise SettingsError(f"{table.path}.{name} must be {error}") from None
        extra.append((name, value))
    return tuple(extra)


def _limits(table: Table, family: Family, *, v3: bool, called_back: bool) -> Limits:
    rules = family.rules
    most = 1 if rules.is_grouped_by_probe and not v3 else rules.most_per_request
    usual = 1 if rules.is_grouped_by_probe and called_back else most  # a call for several carries no callback
    limits = Limits(
        rate=table.number("rate", rules.rate, least=0.01, most=100_000),
        in_flight=table.whole("in_flight", rules.in_flight, least=1, most=rules.most_in_flight),
        batch=table.whole("batch", usual, least=1, most=most),
    )
    table.done()
    return limits
