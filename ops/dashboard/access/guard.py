"""The guard before every page: which host name, who asks, what they may do, and whether a form is our own.

Rooms need no check of their own: whatever is not GET or HEAD is for operators, and carries its session's form token.
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.typedefs import Handler, Middleware

from ops.dashboard.access.attempts import Attempts
from ops.dashboard.access.credentials import Credentials, Known, Role, is_loopback
from ops.dashboard.access.links import PATH
from ops.dashboard.access.sessions import Sessions

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of the field

LOGIN: Final = "/login"
LOGOUT: Final = "/logout"
STATIC: Final = "/static/"
_OPEN: Final = frozenset({"/health", LOGIN})
"""Whoever is not in may look at these, at the static files, and open one-time links."""

_CALLBACKS: Final = "/callbacks/"
"""Providers call from anywhere under any name; each path is secret and each call signed (worker.callbacks)."""

_READING: Final = frozenset({"GET", "HEAD"})
_MOST_TOKEN: Final = 256

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
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
_ENCRYPTED: Final = "max-age=31536000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks. `form_token` is empty for a bearer token: what needs no cookie cannot be forged from elsewhere."""

    known: Known
    form_token: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The name that the audit log gives."""
        return self.known.name

    @property
    def may_act(self) -> bool:
        """Whether this is an operator."""
        return self.known.role is Role.OPERATOR


VISITOR: Final = web.RequestKey("visitor", Visitor)
UPLOAD: Final = web.RequestKey("upload", MultipartReader)
"""The rest of a multipart form, behind the form token, which must be its first part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rule of one web process."""

    credentials: Credentials = field(default_factory=Credentials)

    @property
    def is_local(self) -> bool:
        """Whether only this machine is served, by one-time links."""
        return self.credentials.is_empty


def protect(access: Access) -> Middleware:
    """The outermost middleware: puts the security headers on every answer, and refuses foreign host names."""

    @web.middleware
    async def protected(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = _foreign(access, request) or await handler(request)
        if not response.prepared:
            dress(request, response)
        return response

    return protected


def dress(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on; a stream does so itself, before it begins."""
    response.headers.update(HEADERS)
    if request.path.startswith(STATIC):
        response.headers["Cache-Control"] = "no-cache"
    if is_encrypted(request):
        response.headers["Strict-Transport-Security"] = _ENCRYPTED


def guard(access: Access, sessions: Sessions, attempts: Attempts) -> Middleware:
    """The inner middleware: finds out who asks, and lets through what they may ask."""
    gate = _Gate(access.credentials, sessions, attempts)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_CALLBACKS):
            return await handler(request)
        visitor = await gate.visitor(request)
        if visitor is not None:
            request[VISITOR] = visitor
        elif not _is_open(request.path):
            return _unknown(request)
        if request.method not in _READING:
            await _check_act(request, visitor)
        return await handler(request)

    return guarded


def visitor_of(request: web.Request) -> Visitor | None:
    """Who asks; None on the pages that are open to everybody."""
    return request.get(VISITOR)


def cookie_name(request: web.Request) -> str:
    """By the port: browsers share cookies between the ports of a host, and two pages may run on one machine.

    With https no neighbouring host can plant one of this name (the prefix says so to browsers).
    """
    return f"{'__Host-' if is_encrypted(request) else ''}volley_{_place(request)[1] or 'session'}"


def is_encrypted(request: web.Request) -> bool:
    """Whether the browser speaks https, with us or with the proxy before us."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"


def address_of(request: web.Request, proxies: int) -> str:
    """Whose address it is: what the farthest of our own proxies was called from, never what a caller claims."""
    told = [part.strip() for line in request.headers.getall("X-Forwarded-For", []) for part in line.split(",")]
    if proxies and len(told) >= proxies:
        return told[-proxies]
    return request.remote or ""


def check_origin(request: web.Request) -> None:
    """Refuse what another site made a browser send: web.HTTPForbidden."""
    if not _is_same_origin(request):
        raise web.HTTPForbidden(text="This form did not come from this page.")


async def upload_of(request: web.Request) -> MultipartReader:
    """The parts of a multipart form behind its token. The caller bounds what it reads of them."""
    return request.get(UPLOAD) or await request.multipart()


class _Gate:
    """Finds out who asks."""

    def __init__(self, credentials: Credentials, sessions: Sessions, attempts: Attempts) -> None:
        self._credentials = credentials
        self._sessions = sessions
        self._attempts = attempts
        self._shut: dict[str, float] = {}

    async def visitor(self, request: web.Request) -> Visitor | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            return await self._bearer(request, token.strip()) if scheme.lower() == "bearer" else None
        cookie = request.cookies.get(cookie_name(request))
        if not cookie or request.path.startswith(STATIC):
            return None
        session = await self._sessions.find(cookie)
        return Visitor(known=session.known, form_token=session.form_token) if session else None

    async def _bearer(self, request: web.Request, token: str) -> Visitor | None:
        """Whose token it is. From an address that offered too many wrong ones none is looked at."""
        address = address_of(request, self._credentials.proxies)
        if self._shut.get(address, 0.0) > time.monotonic():
            raise web.HTTPTooManyRequests(text="Too many wrong tokens came from this address. Wait.")
        known = self._credentials.bearer(token)
        if known is None and (wait := await self._attempts.take_bearer(address)):
            self._shut = {other: until for other, until in self._shut.items() if until > time.monotonic()}
            self._shut[address] = time.monotonic() + wait
        return Visitor(known=known) if known else None


async def _check_act(request: web.Request, visitor: Visitor | None) -> None:
    """Refuse an action that this visitor may not do, or that another site asks for: web.HTTPForbidden."""
    if visitor is None or visitor.form_token:
        check_origin(request)
    if request.path == LOGIN:
        return
    if visitor is None:
        raise web.HTTPForbidden(text="Log in first.")
    if not visitor.may_act and request.path != LOGOUT:
        raise web.HTTPForbidden(text="A viewer may look, and not act. Ask an operator.")
    if visitor.form_token and not hmac.compare_digest(await _offered(request), visitor.form_token):
        raise web.HTTPForbidden(text="This form is from before a login. Load the page again.")


async def _offered(request: web.Request) -> str:
    """The form's token, in ASCII. Of a multipart form only its first part is read here."""
    if request.content_type != "multipart/form-data":
        offered = str((await request.post()).get(FORM_TOKEN, ""))
        return offered if offered.isascii() else ""
    upload = await request.multipart()
    part = await upload.next()
    if not isinstance(part, BodyPartReader) or part.name != FORM_TOKEN:
        return ""
    request[UPLOAD] = upload
    return (await part.read_chunk(_MOST_TOKEN)).decode("ascii", errors="ignore")


def _foreign(access: Access, request: web.Request) -> web.Response | None:
    """Without credentials a page under any other name than this machine's could have been rebound to us."""
    if not access.is_local or request.path.startswith(_CALLBACKS) or is_loopback(_place(request)[0]):
        return None
    return web.Response(status=421, text="This page is served to this machine only, under its loopback name.\n")


def _unknown(request: web.Request) -> web.Response:
    """What somebody who is not in is told: people are shown the way, machines get a status."""
    if request.method in _READING and "Authorization" not in request.headers and not _is_for_machines(request.path):
        place = "" if request.path_qs == "/" else f"?next={quote(request.path_qs, safe='/')}"
        return web.Response(status=303, headers={"Location": f"{LOGIN}{place}"})
    challenge = {"WWW-Authenticate": 'Bearer realm="Volley"'}
    return web.json_response({"error": "a login or a bearer token is needed"}, status=401, headers=challenge)


def _is_for_machines(path: str) -> bool:
    return path in {"/metrics", "/live"} or path.startswith("/api/")


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith((STATIC, PATH))


def _place(request: web.Request) -> tuple[str, int | None]:
    """The name and port in the Host header; no name when there is none."""
    try:
        parts = urlsplit(f"//{request.headers.get('Host', '')}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return "", None
    return name, port


def _is_same_origin(request: web.Request) -> bool:
    """By the browser's own word. A proxy may have ended TLS, so that the scheme is not compared."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        return False
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin.partition("://")[2] == request.headers.get("Host", "")
