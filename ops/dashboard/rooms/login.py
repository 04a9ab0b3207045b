"""Coming in and going out: the login form, the one-time link, the session's cookie."""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from ops.dashboard.access import (
    LONGEST,
    THIS_MACHINE,
    Known,
    address_of,
    cookie_name,
    is_encrypted,
    use_link,
    visitor_of,
)
from ops.dashboard.frame import Frame, our_place

_AT_ONCE: Final = 2
"""Password hashes made at once: each takes 32 MiB and a good part of a second of one core."""

log = structlog.get_logger(__name__)


class LoginRoom:
    """`/login`, `/logout` and `/enter/KEY`."""

    place = None

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._hashing = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """Its addresses."""
        return [
            web.get("/login", self.ask),
            web.post("/login", self.enter),
            web.post("/logout", self.leave),
            web.get("/enter/{key:[A-Za-z0-9_-]{1,100}}", self.enter_by_link, allow_head=False),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        """The form; whoever is in already goes on."""
        if visitor_of(request):
            self._frame.back(our_place(request.query.get("next", "")))
        return self._form(request, wanted=request.query.get("next", ""))

    async def enter(self, request: web.Request) -> web.Response:
        """Check name and password; then on to where the visitor wanted."""
        form = await request.post()
        name, password, wanted = (str(form.get(field, "")) for field in ("name", "password", "next"))
        address = address_of(request, self._frame.access.credentials.proxies)
        if wait := await self._frame.attempts.take(name, address):
            log.warning("login_limited", address=address, wait=wait)
            words = f"Too many attempts. Wait {-(-wait // 60)} minutes, then try again."
            return self._form(request, words, wanted, status=429)
        async with self._hashing:
            known = await asyncio.to_thread(self._frame.access.credentials.login, name, password)
        if known is None:
            log.warning("login_refused", address=address)
            return self._form(request, "Name or password is wrong.", wanted, status=401)
        await self._frame.attempts.forgive(name, address)
        return await self._let_in(request, known, our_place(wanted))

    async def enter_by_link(self, request: web.Request) -> web.Response:
        """Use a one-time link up. Where credentials are configured, there are none."""
        is_good = self._frame.access.is_local and await use_link(self._frame.redis, request.match_info["key"])
        if is_good:
            return await self._let_in(request, THIS_MACHINE, "/")
        if visitor_of(request):
            self._frame.back("/")
        words = "This link was used already, or is too old."
        if not self._frame.access.is_local:
            words = "This page has users: no link opens it. Log in."
        return self._form(request, words, status=403)

    async def leave(self, request: web.Request) -> web.Response:
        """End the session."""
        name = cookie_name(request)
        await self._frame.sessions.end(request.cookies.get(name, ""))
        if found := visitor_of(request):
            await self._frame.audit.write(found.name, "logout", "page")
        response = web.Response(status=303, headers={"Location": "/login"})
        response.del_cookie(name, path="/")
        return response

    async def _let_in(self, request: web.Request, known: Known, place: str) -> web.Response:
        """A new session, whatever cookie the browser had."""
        name = cookie_name(request)
        if before := request.cookies.get(name):
            await self._frame.sessions.end(before)
        cookie = await self._frame.sessions.begin(known)
        await self._frame.audit.write(known.name, "login", "page", after=known.role)
        response = web.Response(status=303, headers={"Location": place})
        response.set_cookie(
            name, cookie, path="/", max_age=LONGEST, httponly=True, samesite="Lax", secure=is_encrypted(request)
        )
        return response

    def _form(self, request: web.Request, words: str = "", wanted: str = "", *, status: int = 200) -> web.Response:
        values = {
            "words": words,
            "next": our_place(wanted),
            "is_local": self._frame.access.is_local,
            "port": request.url.port,
        }
        return self._frame.page("login.html", request, values, status=status)
