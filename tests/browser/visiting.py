"""A person at a browser: where they are, what the browser complained about, and what it sent for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tests.browser.stage import PASSWORD

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request

DESKTOP: Final = (1280, 900)
PHONE: Final = (390, 844)

PATIENCE: Final = 30_000.0
"""Milliseconds that whatever must happen may take on a busy machine."""

_TELL: Final = """addEventListener("securitypolicyviolation",
  (stopped) => console.error(`policy: ${stopped.violatedDirective} ${stopped.blockedURI}`))"""
_OUR_OWN_DOING: Final = "net::ERR_ABORTED"  # a stream or look that ended because we went on


class Visit:
    """One tab. `complaints` must be empty at the end, but for answers of the statuses in `expected`."""

    def __init__(self, page: "Page", address: str) -> None:
        self.page = page
        self.address = address.rstrip("/")
        self.complaints: list[str] = []
        self.expected: set[int] = set()
        self.posted: list[str] = []
        self.streams = 0
        self.loads = 0
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", self._sent)

    async def go(self, path: str = "/") -> int:
        """Open a page of ours; the status of the answer."""
        answer = await self.page.goto(self.address + path)
        assert answer is not None
        return answer.status

    @property
    def path(self) -> str:
        """Where the tab is, without the query."""
        return urlsplit(self.page.url).path

    async def sees(self, words: str) -> None:
        """Wait until a text is visible."""
        await self.page.get_by_text(words).first.wait_for()

    async def says(self, words: str) -> None:
        """Wait until the page says what was done."""
        await self.page.locator(".said", has_text=words).wait_for()

    async def ask(self, script: str, *given: Any) -> Any:  # Any: JSON
        """What a script in the page gives."""
        return await self.page.evaluate(script, *given)

    async def log_in(self, name: str, password: str = PASSWORD) -> None:
        """Fill in the form and send it."""
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    def _heard(self, message: "ConsoleMessage") -> None:
        is_expected = any(f"status of {status} " in message.text for status in self.expected)
        if message.type in {"error", "warning"} and not is_expected:
            self.complaints.append(f"{message.type}: {message.text}")

    def _failed(self, request: "Request") -> None:
        if request.failure != _OUR_OWN_DOING:
            self.complaints.append(f"{request.url}: {request.failure}")

    def _sent(self, request: "Request") -> None:
        if request.method == "POST":
            self.posted.append(urlsplit(request.url).path)
        self.streams += request.resource_type == "eventsource"
        self.loads += request.resource_type == "document"


@asynccontextmanager
async def window(
    browser: "Browser", *, state: Any = None, size: tuple[int, int] = DESKTOP, **options: Any
) -> AsyncIterator["BrowserContext"]:
    """A window of its own, that shares nothing with others; `state` None: of nobody."""
    context = await browser.new_context(
        storage_state=state, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **options
    )
    context.set_default_timeout(PATIENCE)
    try:
        await context.add_init_script(_TELL)
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def visiting(browser: "Browser", address: str, **options: Any) -> AsyncIterator[Visit]:
    """A tab in a window of its own; the options are those of `window`."""
    async with window(browser, **options) as context, tab_in(context, address) as visit:
        yield visit


@asynccontextmanager
async def tab_in(context: "BrowserContext", address: str) -> AsyncIterator[Visit]:
    """A new tab. The browser must have had nothing to complain about."""
    page = await context.new_page()
    try:
        visit = Visit(page, address)
        yield visit
        assert not visit.complaints, visit.complaints
    finally:
        await page.close()
