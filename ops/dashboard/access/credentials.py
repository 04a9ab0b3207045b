"""Who is known to the page: users with password hashes, tokens, or (without any) whoever opens a link.

WebAccessError (an OpsError)
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from ops.dashboard.access.passwords import NOBODY, Hashed
from ops.errors import OpsError

USERS_VARIABLE: Final = "VOLLEY_WEB_USERS"
TOKEN_VARIABLE: Final = "VOLLEY_WEB_TOKEN"  # noqa: S105 - the name of the variable
VIEWER_TOKEN_VARIABLE: Final = "VOLLEY_WEB_VIEWER_TOKEN"  # noqa: S105 - the name of the variable
PROXIES_VARIABLE: Final = "VOLLEY_WEB_PROXIES"

VARIABLES: Final = (USERS_VARIABLE, TOKEN_VARIABLE, VIEWER_TOKEN_VARIABLE, PROXIES_VARIABLE)

_LEAST_TOKEN: Final = 16
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_MOST_PROXIES: Final = 10


class WebAccessError(OpsError):
    """Who may use the page is not said, or not so that it can be understood; nothing was started."""


class Role(StrEnum):
    """What somebody may do: look, or act as well."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Somebody who may come in. `mark` changes with what proved it, so that old sessions end with old passwords."""

    name: str
    role: Role
    mark: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One row of VOLLEY_WEB_USERS."""

    name: str
    role: Role
    password: Hashed = field(repr=False)

    @property
    def known(self) -> Known:
        """The user as one who came in."""
        return Known(name=self.name, role=self.role, mark=_mark(str(self.password)))


THIS_MACHINE: Final = Known(name="this machine", role=Role.OPERATOR, mark="link")
"""Whoever opened a one-time link, where no credentials are configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Everybody who is known. Empty: only a one-time link opens the page, and only on this machine.

    `tokens` are the bearer tokens by role; `proxies` is how many proxies of ours stand before this process.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[Role, str] = field(default_factory=dict, repr=False)
    proxies: int = 0

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Credentials":
        """From the environment; WebAccessError names the variable that cannot be used."""
        users = [_user(row) for row in environment.get(USERS_VARIABLE, "").split()]
        named = {Role.OPERATOR: TOKEN_VARIABLE, Role.VIEWER: VIEWER_TOKEN_VARIABLE}
        tokens = {role: _token(name, environment.get(name, "")) for role, name in named.items()}
        given = {role: token for role, token in tokens.items() if token}
        if len(set(given.values())) < len(given):
            raise WebAccessError(f"{TOKEN_VARIABLE} and {VIEWER_TOKEN_VARIABLE} must differ: each says a role")
        by_name = {user.name: user for user in users}
        if len(by_name) < len(users):
            raise WebAccessError(f"{USERS_VARIABLE} names a user twice")
        return cls(users=by_name, tokens=given, proxies=_proxies(environment.get(PROXIES_VARIABLE, "")))

    @property
    def is_empty(self) -> bool:
        """Whether nobody is configured."""
        return not self.users and not self.tokens

    def check_host(self, host: str) -> None:
        """WebAccessError when listening on `host` needs credentials and there are none."""
        if self.is_empty and not is_loopback(host):
            raise WebAccessError(
                f"nobody could log in: to serve the page on {host}, set {USERS_VARIABLE} (volley user NAME makes its"
                f" rows) or {TOKEN_VARIABLE} to a long random text, or stay on 127.0.0.1"
            )

    def bearer(self, offered: str) -> Known | None:
        """Whose token this is; every token is compared, each in constant time."""
        found = None
        for role, token in self.tokens.items():
            if _are_same(offered, token):
                found = _token_known(role, token)
        return found

    def login(self, name: str, password: str) -> Known | None:
        """Who this is; as slow as a password hash, whether the user is there or not. A token is a password, too."""
        user = self.users.get(name)
        fits = (user.password if user else NOBODY).fits(password)
        return user.known if user and fits else self.bearer(password)

    def still(self, name: str, mark: str) -> Known | None:
        """Whoever came in earlier under `name` and `mark`, if that still stands."""
        user = self.users.get(name)
        known = [user.known] if user else [_token_known(role, token) for role, token in self.tokens.items()]
        if self.is_empty:
            known = [THIS_MACHINE]
        return next((one for one in known if one.name == name and _are_same(mark, one.mark)), None)


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def name_of(given: str) -> str:
    """A user's name; WebAccessError when it cannot be one."""
    if not _NAME.fullmatch(given):
        raise WebAccessError("a user's name is 1 to 64 of A-Z a-z 0-9 . _ @ + -, a letter or digit first")
    return given


def row_of(name: str, role: Role, password: str) -> str:
    """A row of VOLLEY_WEB_USERS; WebAccessError when name or password cannot be used."""
    try:
        return f"{name_of(name)}:{role}:{Hashed.of(password)}"
    except ValueError as error:
        raise WebAccessError(str(error)) from error


def _user(row: str) -> User:
    name, _, rest = row.partition(":")
    role, _, password = rest.partition(":")
    if not _NAME.fullmatch(name) or role not in set(Role):
        raise WebAccessError(f"{USERS_VARIABLE}: a row reads NAME:ROLE:HASH, as volley user NAME makes it")
    try:
        return User(name=name, role=Role(role), password=Hashed.parse(password))
    except ValueError as error:
        raise WebAccessError(f"{USERS_VARIABLE}, user {name}: {error}") from error


def _token(name: str, given: str) -> str:
    if given and len(given) < _LEAST_TOKEN:
        raise WebAccessError(f"{name} is too short: take at least {_LEAST_TOKEN} random characters")
    return given


def _proxies(given: str) -> int:
    if not given:
        return 0
    if not (given.isascii() and given.isdecimal() and int(given) <= _MOST_PROXIES):
        raise WebAccessError(f"{PROXIES_VARIABLE} is how many proxies stand before the page: 0 to {_MOST_PROXIES}")
    return int(given)


def _token_known(role: Role, token: str) -> Known:
    return Known(name=f"{role} token", role=role, mark=_mark(token))


def _mark(secret: str) -> str:
    return hashlib.blake2b(secret.encode(errors="surrogatepass"), digest_size=12, person=b"volley mark").hexdigest()


def _are_same(offered: str, expected: str) -> bool:
    """In constant time; what is offered may be any bytes."""
    return hmac.compare_digest(offered.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass"))
