"""The system's own Chromium without a window, driven by Playwright: for tests of the page, and its screenshots."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from ops.errors import OpsError

if TYPE_CHECKING:
    from playwright.async_api import Browser

INSTALL: Final = "install Chromium (on Debian and Ubuntu: apt install chromium)"

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# It calls nobody: no updates, no look-ups. No sandbox of its own, because that is not to be had as root or in
# a container; it only ever opens our own pages, so one process draws all of them.
_OPTIONS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",
    "--renderer-process-limit=1",
)


def what_is_missing() -> str:
    """What keeps a browser from being opened here, and what to do; empty when nothing does."""
    if find_spec("playwright") is None:
        return (
            "Playwright is not installed: run `python3 -m ops check` in a checkout, which makes the test environment"
        )
    return "" if _program() else f"there is no Chromium here: {INSTALL}"


@asynccontextmanager
async def browser() -> AsyncIterator["Browser"]:
    """A browser with nothing in it, ended with the block. OpsError when there is none here."""
    if missing := what_is_missing():
        raise OpsError(missing)
    from playwright.async_api import async_playwright  # noqa: PLC0415  # only in the test environment

    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=_program(), args=list(_OPTIONS))
        try:
            yield opened
        finally:
            await opened.close()


def _program() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)
