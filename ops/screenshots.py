"""The README's pictures of the page: the demo's system in the middle of its work, looked at with Chromium."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console

from ops.browser import browser, what_is_missing
from ops.commands.session import Session, with_url
from ops.dashboard.access import make_link
from ops.demo_settings import ATHENS, MOSCOW
from ops.demo_stage import Stage, set_up
from ops.errors import OpsError
from ops.shrinking import shrunk
from producer.directory import accounts

if TYPE_CHECKING:
    from playwright.async_api import Browser

FOLDER: Final = Path(__file__).parent / "dashboard" / "screens"

_RECIPIENTS: Final = 12_000
_PATIENCE: Final = 300.0
_LOOK_EVERY: Final = 0.25

_PARCELS: Final = "parcels-46"
_NEWS: Final = "Hello $name! Your parcel is at the shop in $city. Show this code: $code"
_SALE: Final = "Hello $name, everything at our shop in $city is 20 % off this week."


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page as it is seen through a window of this size."""

    name: str
    path: str
    width: int = 1280
    height: int = 800
    is_dark: bool = False

    @property
    def file(self) -> str:
        """Its file's name."""
        return f"{self.name}.png"


PICTURES: Final = (
    Picture(name="overview", path="/", height=1160),
    Picture(name="campaign", path=f"/campaigns/{_PARCELS}", height=1000),
    Picture(name="accounts", path="/accounts", is_dark=True),
    Picture(name="phone", path="/campaigns", width=390, height=844, is_dark=True),
)


@click.command
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="The folder that they are written to; by default the README's.",
)
def screenshots(folder: Path) -> None:
    """Make the README's pictures of the page: the demo's system at work, in Chromium. Takes about a minute."""
    if missing := what_is_missing():
        raise OpsError(missing)
    folder.mkdir(parents=True, exist_ok=True)
    with set_up(_RECIPIENTS, 0, Console(stderr=True, highlight=False), "volley") as stage:
        with_url(stage.url, lambda session: _play(session, stage, folder))


async def take(opened: "Browser", address: str, link: str, pictures: Iterable[Picture], folder: Path) -> None:
    """Take pictures of the page at `address`, which the one-time `link` opens, as PNG files."""
    context = await opened.new_context()
    page = await context.new_page()
    await page.goto(link)
    for picture in pictures:
        await page.set_viewport_size({"width": picture.width, "height": picture.height})
        await page.emulate_media(color_scheme="dark" if picture.is_dark else "light", reduced_motion="reduce")
        await page.goto(address.rstrip("/") + picture.path)
        taken = await asyncio.to_thread(shrunk, await page.screenshot())
        (folder / picture.file).write_bytes(taken)
        click.echo(f"Made {picture.file}.", err=True)
    await context.close()


async def _play(session: Session, stage: Stage, folder: Path) -> None:
    await _until(stage, "the accounts are announced", lambda: _are_announced(session))
    await _submit(session, stage)
    await _until(stage, "most of the parcels' messages are final", lambda: _is_well_on(session))
    async with browser() as opened:
        await take(opened, stage.page, await make_link(session.redis, stage.page), PICTURES, folder)


async def _submit(session: Session, stage: Stage) -> None:
    """A campaign for tomorrow, one that is paused, one that ends soon, and one in the middle."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for name, account_name, text, not_before in (
        ("december-sale", MOSCOW, _SALE, tomorrow),
        ("opening-hours", ATHENS, _SALE, None),
        ("loyalty-week-46", MOSCOW, _NEWS, None),
        (_PARCELS, ATHENS, _NEWS, None),
    ):
        await session.producer.submit(
            account_name=account_name,
            text=text,
            recipients=stage.folder / f"{account_name}.csv",
            campaign_id=name,
            not_before=not_before,
        )
        if name == "opening-hours":
            await session.producer.pause(name)


async def _are_announced(session: Session) -> bool:
    return {MOSCOW, ATHENS} <= set(await accounts(session.redis))


async def _is_well_on(session: Session) -> bool:
    progress = await session.producer.progress(_PARCELS)
    return sum(count for state, count in progress.states.items() if state.is_final) > 0.75 * progress.total


async def _until(stage: Stage, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for it; OpsError when it takes too long, or one of the processes has ended."""
    until = time.monotonic() + _PATIENCE
    while not await holds():
        stage.family.check()
        if time.monotonic() > until:
            raise OpsError(f"after {_PATIENCE:.0f} s still not: {what}")
        await asyncio.sleep(_LOOK_EVERY)
