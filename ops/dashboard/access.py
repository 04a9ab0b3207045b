"""Who may look: loopback by name only, everybody else with the token; forms from our own pages alone."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ops.errors import OpsError

TOKEN_VARIABLE: Final = "VOLLEY_WEB_TOKEN"  # noqa: S105 - the name of the variable
_LEAST_TOKEN: Final = 16
_OPEN_PATHS: Final = frozenset({"/health"})
_CALLBACKS: Final = "/callbacks/"
"""Providers call from anywhere under any name; each path is secret and each call signed (worker.callbacks)."""

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with it browsers send `Origin: null` from our own forms
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Server": "volley",
}


class OpenToAllError(OpsError):
    """The page would be open to the network without a token; nothing was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rule of one web process. With a token everybody needs it; without one only loopback names are served.

    `form_key` makes the form token; it follows from the access token, so that several web processes accept
    each other's forms.
    """

    token: str = field(default="", repr=False)
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def for_address(cls, host: str, token: str) -> "Access":
        """The rule for binding to `host`; OpenToAllError when that needs a (longer) token."""
        if token and len(token) < _LEAST_TOKEN:
            raise OpenToAllError(f"{TOKEN_VARIABLE} is too short: take at least {_LEAST_TOKEN} random characters")
        if not token and not is_loopback(host):
            raise OpenToAllError(
                f"the page has no login yet: to serve it on {host}, set {TOKEN_VARIABLE} to a long random text "
                f"(it is the password, with any user name), or stay on 127.0.0.1"
            )
        if not token:
            return cls()
        return cls(token=token, form_key=hashlib.sha256(b"volley form key\0" + token.encode()).digest())

    @property
    def form_token(self) -> str:
        """What every form of ours carries."""
        return hmac.new(self.form_key, b"volley form v1", "sha256").hexdigest()

    def allows(self, request: web.Request) -> bool:
        """Whether the request carries the token (as a Bearer, or as the password of HTTP basic)."""
        return _are_same(_offered(request), self.token)

    def check_form(self, request: web.Request, offered: str) -> None:
        """Refuse a form that did not come from our own page: web.HTTPForbidden."""
        if not _is_same_origin(request) or not _are_same(offered, self.form_token):
            raise web.HTTPForbidden(text="This form did not come from this page, or is from before a restart.")


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def guard(access: Access) -> Middleware:
    """The middleware: checks who asks, and puts the security headers on every answer."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = _refusal(access, request) or await handler(request)
        response.headers.update(HEADERS)
        return response

    return guarded


def _refusal(access: Access, request: web.Request) -> web.Response | None:
    if request.path.startswith(_CALLBACKS):
        return None
    if not access.token:
        if is_loopback(_host_name(request)):
            return None
        return web.Response(status=421, text="This page is served to this machine only, under its loopback name.\n")
    if request.path in _OPEN_PATHS or access.allows(request):
        return None
    challenge = {"WWW-Authenticate": 'Basic realm="Volley", charset="UTF-8"'}
    return web.Response(
        status=401, text="A token is needed: any user name, the token as password.\n", headers=challenge
    )


def _host_name(request: web.Request) -> str:
    """The name in the Host header, without the port; empty when it is none."""
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        return ""


def _are_same(offered: str, expected: str) -> bool:
    """In constant time; what is offered may be any bytes."""
    return hmac.compare_digest(offered.encode(errors="surrogateescape"), expected.encode())


def _offered(request: web.Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                return base64.b64decode(value, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return ""
        case _:
            return ""


def _is_same_origin(request: web.Request) -> bool:
    """By the browser's own word. A proxy may have ended TLS, so that the scheme is not compared."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        return False
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin.partition("://")[2] == request.headers.get("Host", "")
