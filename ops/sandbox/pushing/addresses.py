"""Reading a callback address in SMSC's own syntax: what is sent where, in which form, signed how (A11)."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from ops.sandbox.config import ConfigError
from ops.sandbox.parameters import CHARSETS

HASHINGS: Final = ("md5", "sha1", "crc32")  # S4
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]+")  # S4: Latin letters, digits, minus, underscore
_FORMS: Final = frozenset({"", "2", "3"})  # S4: a form, XML or JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where and how one account wants to be called.

    `url` carries what stood after `!` as its query; `extra` is what stood after `?` and is sent back by POST.
    `fmt` "" is a form, "2" XML, "3" JSON. `charset` is a Python codec name.
    """

    url: str
    charset: str = "cp1251"
    fmt: str = ""
    hashing: str = ""
    secret: str = ""
    extra: tuple[tuple[str, str], ...] = ()


def read_address(text: str, *, any_address: bool = False) -> Address | None:
    """Read an address, "" is none; raises ConfigError when it makes no sense or leads off this machine."""
    if not text:
        return None
    base, _, posted = text.partition("?")
    place, sign, got = base.partition("!")
    check_target(place, any_address=any_address)
    extra = tuple(parse_qsl(posted, keep_blank_values=True))
    options = dict(extra)
    hashing = next((name for name in HASHINGS if name in options), "")
    fmt = options.get("fmt", "")
    address = Address(
        url=f"{place}?{got}" if sign else place,
        charset=_charset(options.get("charset", ""), fmt),
        fmt=fmt,
        hashing=hashing,
        secret=options.get(hashing, ""),
        extra=extra,
    )
    _check(address)
    return address


def check_target(url: str, *, any_address: bool) -> None:
    """Refuse what is no http address, and (unless told otherwise) what is not on this machine; ConfigError."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_http = parts.scheme in {"http", "https"} and bool(host) and parts.port != 0
    except ValueError as error:
        raise ConfigError(f"callback: {error}") from error
    if not is_http:
        raise ConfigError("callback must be an http address")
    if not any_address and not is_loopback(host):
        raise ConfigError(f"callback: {host} is not a loopback address; --any-address allows it")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _charset(asked: str, fmt: str) -> str:
    name = asked.lower() or "windows-1251"
    if name not in CHARSETS:
        raise ConfigError(f"callback: unknown charset {asked}")
    if fmt and name == "koi8-r":  # S4: not used together with fmt; that it then is the default is a guess
        name = "windows-1251"
    return CHARSETS[name]


def _check(address: Address) -> None:
    if address.fmt not in _FORMS:
        raise ConfigError("callback: fmt is 2 or 3")
    if address.hashing and not _SECRET.fullmatch(address.secret):
        raise ConfigError("callback: a secret is made of Latin letters, digits, - and _")
